//go:build go1.21

package main

import "maps"

func clone(j *job) { j.copied = maps.Clone(j.m) }

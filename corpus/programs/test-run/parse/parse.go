// Package parse reads version numbers.
package parse

import "strings"

// Minor is the second number of a version.
func Minor(version string) string {
	return strings.Split(version, ".")[1] // panic
}

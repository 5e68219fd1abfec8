// A job system in several packages: the party that dies was started by a
// worker, which was started by a dispatcher, which was started by the server.
package main

import "example.com/app/server"

func main() {
	s := server.New(2)
	s.Run()
}

// A stop channel that was never made is closed.
package main

type service struct{ stop chan struct{} }

func (s *service) Stop() {
	close(s.stop) // panic: the channel is nil
}

func main() {
	var s service
	s.Stop()
}

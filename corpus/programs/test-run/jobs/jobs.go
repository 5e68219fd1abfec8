// Package jobs waits for an answer that nobody sends.
package jobs

// Ask waits for the answer.
func Ask(answers chan string) string {
	return <-answers // timeout
}

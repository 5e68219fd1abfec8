// Package broken does not compile.
package broken

func size(names []string) int {
	count := len(names) // build
	return names        // build
}

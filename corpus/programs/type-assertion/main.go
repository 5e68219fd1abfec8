// A type assertion that does not hold.
package main

func port(config map[string]interface{}) int {
	return config["port"].(int) // panic: the port is a string
}

func main() {
	println(port(map[string]interface{}{"port": "8080"}))
}

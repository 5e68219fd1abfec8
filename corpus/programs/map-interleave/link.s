// Lets chained.go declare a function without a body.

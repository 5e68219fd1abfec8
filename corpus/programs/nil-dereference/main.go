// A worker calls a method on a nil pointer that a lookup returned.
package main

import "sync"

type account struct {
	owner   string
	balance [4]int64
}

func find(accounts []*account, owner string) *account {
	for _, a := range accounts {
		if a.owner == owner {
			return a
		}
	}
	return nil
}

func (a *account) deposit(amount int64) {
	a.balance[2] += amount // panic: a is nil
}

func work(jobs <-chan string, accounts []*account, wg *sync.WaitGroup) {
	defer wg.Done()
	for owner := range jobs {
		find(accounts, owner).deposit(10)
	}
}

func main() {
	accounts := []*account{{owner: "ann"}, {owner: "ben"}}
	jobs := make(chan string)
	var wg sync.WaitGroup
	for i := 0; i < 3; i++ {
		wg.Add(1)
		go work(jobs, accounts, &wg)
	}
	for _, owner := range []string{"ann", "ben", "cleo"} {
		jobs <- owner
	}
	close(jobs)
	wg.Wait()
}

module example.com/sharedmaps

go 1.22

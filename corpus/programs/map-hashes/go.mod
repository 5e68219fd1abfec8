module maphashes

go 1.19

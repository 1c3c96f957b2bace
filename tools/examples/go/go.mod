module syncmap.example/examples

go 1.19

require syncmap.example/syncmap v0.0.0

replace syncmap.example/syncmap => ../../go

// The project has no public address yet. When it has one, this line is the place
// to say so; tools/check/go sees that all others follow.
module syncmap.example/syncmap

go 1.19

module libcos.invalid/cos

go 1.19

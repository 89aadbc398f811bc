module first_upload

go 1.18

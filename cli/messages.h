/* What the command says, in English and in Chinese. */
#ifndef MESSAGES_H
#define MESSAGES_H

/* The arguments of both come in the same order. */
static const struct message {
    const char *english, *chinese;
} MESSAGES[] = {
    {"--header takes NAME:VALUE, not %s", "--header 的格式是 NAME:VALUE，而不是 %s"},
    {"--header takes Cache-Control, Content-Type, Content-Language, Content-Disposition, Content-Encoding and "
     "x-cos-meta-..., not %s",
     "--header 可以是 Cache-Control、Content-Type、Content-Language、Content-Disposition、Content-Encoding 和 "
     "x-cos-meta-...，不能是 %s"},
    {"--acl takes private, public-read or default, not %s", "--acl 可以是 private、public-read 或 default，不能是 %s"},
    {"dropped %s", "已放弃 %s"},
    {"the JSON API can't list unfinished uploads: cos ls -l shows them, cos rm drops them",
     "JSON API 不能列出未完成的上传: 用 cos ls -l 查看，用 cos rm 删除"},
    {"--%s takes an age such as 2h or 7d, or a day of the calendar such as 2024-12-31, not %s",
     "--%s 是 2h、7d 之类的时长，或 2024-12-31 之类日历上存在的日期，不能是 %s"},
    {"unfinished uploads: %lld", "未完成的上传: %lld"},
    {"uploads dropped: %lld", "已放弃的上传: %lld"},
    {"drop uploads that were broken off", "放弃中断的上传"},
    {"What was sent of an upload is kept, and billed, until the upload is continued or dropped.\n"
     "All are dropped whose names begin with the path; --dry-run lists them. With the XML API\n"
     "alone.\n",
     "中断的上传在继续或放弃之前一直保留并计费。凡名称以该路径开头的都会被放弃；\n"
     "--dry-run 只列出它们。仅限 XML API。\n"},
    {"%s: it takes bash, zsh or fish", "%s: 只支持 bash、zsh 或 fish"},
    {"print what makes a shell complete the command", "输出 shell 的自动补全脚本"},
    {"Commands, options, and names at the service, which it asks for.\n", "可补全命令、选项，以及向服务查询得到的名称。\n"},
    {"nothing was checked: the JSON API can only be asked about a bucket", "没有检查: JSON API 只能针对某个存储桶查询"},
    {"the buckets", "存储桶列表"},
    {"%s: the service took the keys; it speaks the XML API (v5)", "%s: 密钥有效；它使用 XML API (v5)"},
    {"%s: the service took the keys; it speaks the JSON API (v4)", "%s: 密钥有效；它使用 JSON API (v4)"},
    {"written: %s, for nobody but you", "已写入 %s，只有您能读取"},
    {"The account's number, APPID", "账号的 APPID"},
    {"SecretId", "SecretId"},
    {"SecretKey", "SecretKey"},
    {"Region, such as ap-shanghai; sh and the like are those of the JSON API",
     "地域，例如 ap-shanghai；sh 之类的是 JSON API 的地域"},
    {"the input ended before all was said; nothing was written", "输入提前结束；没有写入任何内容"},
    {"A bucket to try (nothing: none)", "用来试验的存储桶（留空则不试）"},
    {"Write it all the same? [y/N]", "仍然写入吗？[y/N]"},
    {"nothing was written", "没有写入任何内容"},
    {"--profile: a name has no brackets in it", "--profile: 名称中不能有方括号"},
    {"ask for the account, try it, and write the configuration", "询问账号，检查后写入配置文件"},
    {"What is known already is in brackets, and an empty answer keeps it. A bucket is asked about\n"
     "with the keys, which tells whether they are right and which API it speaks. The file is\n"
     "written so that nobody else can read it; other lines in it stay. With --profile, the account\n"
     "is a section of the file, which --profile or COS_PROFILE choose. -f writes it even if the\n"
     "service did not take it.\n",
     "已知的值显示在方括号中，直接回车即保留。程序用密钥查询一个存储桶，由此得知密钥是否正确、\n"
     "该存储桶使用哪种 API。配置文件只有本人能读取，其中的其他行保持不变。使用 --profile 时，账号写在\n"
     "文件的一个小节里，以后用 --profile 或 COS_PROFILE 选择。即使检查失败，-f 也会写入。\n"},
    {"%s is a folder; -r moves it with everything below it", "%s 是文件夹；用 -r 连同其中的全部内容一起移动"},
    {"%s is a folder; -r copies it with everything below it", "%s 是文件夹；用 -r 连同其中的全部内容一起复制"},
    {"%s is not a directory; make it first, or see cos help sync", "%s 不是目录；请先创建它，或参见 cos help sync"},
    {"%s is in %s", "%s 在 %s 之内"},
    {"%s: source and destination are the same file", "%s: 来源和目标是同一个文件"},
    {"%s: neither this nor the destination begins with cos://", "%s: 来源和目标都不以 cos:// 开头"},
    {"%s: only files and folders can be moved", "%s: 只能移动文件和文件夹"},
    {"would copy %s -> %s", "将复制 %s -> %s"},
    {"would create %s", "将创建 %s"},
    {"%s and %s can't both be copied to %s: %s", "%s 和 %s 不能都复制到 %s: %s"},
    {"they have the same name", "它们的名称相同"},
    {"they may have files of the same name", "其中可能有同名文件"},
    {"%s: several files need a folder, whose path ends with '/', or -", "%s: 多个文件的目标必须是以 '/' 结尾的文件夹，或 -"},
    {"%s: one side has to be cos://BUCKET/FOLDER/", "%s: 至少一方必须是 cos://BUCKET/FOLDER/"},
    {"%s and %s: one is in the other", "%s 和 %s: 一个在另一个之内"},
    {"--max-delete and --force are for use with --delete", "--max-delete 和 --force 要与 --delete 一起使用"},
    {"copy to, from and within the service", "上传、下载，或在服务内复制"},
    {"A destination that ends with '/' or is a directory gets the file under its own name. Files\n"
     "that exist are replaced. \"-\" is the standard input or output; pipes and /dev/null work, too.\n"
     "What was broken off is continued by the same command, but for uploads from a pipe, whose\n"
     "content may have 10000 slices: 78 GiB, or more with a larger --slice-size.\n"
     "\n"
     "With -r, a folder comes to the destination under its own name; a cos:// path without a\n"
     "'/' at its end is the name of the copy itself. A local destination has to exist.\n"
     "\n"
     "Wildcards in cos:// paths, which the shell must not see: '*' is any part of a name, '**' any\n"
     "part of a path, '?' one character, and with one of these [a-z] one of a set. '\\*' is a star.\n"
     "\n"
     "--exclude and --include choose among all files by the rules of .gitignore: a pattern without\n"
     "'/' is about names, one with '/' about the path below the folder that is copied or, of a file\n"
     "that wildcards match, below the folder in front of the first one; 'tmp/' is about folders. The\n"
     "last one that matches decides. If the first is an --include, only what matches is taken.\n"
     "\n"
     "--header, --acl, --class and --biz-attr are for uploads, --limit-rate for uploads and downloads;\n"
     "copies within the service take none of them. With the JSON API such copies stay in one bucket.\n",
     "目标以 '/' 结尾或是目录时，文件保留原名放入其中。已有的文件会被替换。\"-\" 表示标准输入或标准输出；\n"
     "也可以使用管道和 /dev/null。中断之后，再次执行同一命令即可继续；来自管道的上传除外，其内容最多\n"
     "10000 个分块: 78 GiB，--slice-size 更大时可以更多。\n"
     "\n"
     "使用 -r 时，文件夹以原名放到目标处；cos:// 目标不以 '/' 结尾时，它就是副本本身的名称。\n"
     "本地目标必须已存在。\n"
     "\n"
     "cos:// 路径可以使用通配符（要防止被 shell 展开）: '*' 是名称的任意部分，'**' 是路径的任意部分，\n"
     "'?' 是一个字符；与它们一起使用时 [a-z] 是一组字符之一。'\\*' 表示星号本身。\n"
     "\n"
     "--exclude 和 --include 按 .gitignore 的规则选择所有文件: 不带 '/' 的模式匹配名称；带 '/' 的匹配所复制的\n"
     "文件夹之下的路径，对与通配符匹配的文件则是第一个通配符之前的文件夹之下的路径；'tmp/' 只匹配文件夹。\n"
     "以最后一个匹配的模式为准。如果第一个是 --include，则只取匹配的文件。\n"
     "\n"
     "--header、--acl、--class 和 --biz-attr 用于上传，--limit-rate 用于上传和下载；在服务内复制时都不能使用。\n"
     "使用 JSON API 时，只能在同一个存储桶内复制。\n"},
    {"make a folder have what another one has", "使一个文件夹与另一个一致"},
    {"One or both sides are folders of the service. Only files that differ travel, by size and\n"
     "content. With -t the times of files are stored as x-cos-meta-mtime, also with those that are\n"
     "there already; files of the same size and time are taken for the same, and downloads get their\n"
     "times. Within the service copies have the stored times of their sources, and contents alone are\n"
     "compared. With -u a file travels only if it is newer than the one that is there. --include and\n"
     "--exclude are as with cos cp; what they leave out is not deleted either, nor what stands where\n"
     "the source has a link. --header and the like are for uploads, as with cos cp.\n"
     "\n"
     "--delete deletes at the end, and only if nothing failed; also empty folders that FROM lacks. If\n"
     "FROM has no files and -f is not given, or more files and folders would go than --max-delete\n"
     "allows, nothing is done.\n",
     "至少一方是服务上的文件夹。只传输大小或内容不同的文件。使用 -t 时，文件的时间保存为\n"
     "x-cos-meta-mtime，目标中已有的文件也一样；大小和时间相同的文件视为相同，下载的文件恢复原来的\n"
     "时间。在服务内复制时，副本带有来源所保存的时间，并且只比较内容。使用 -u 时，只传输比目标更新的\n"
     "文件。--include 和 --exclude 与 cos cp 相同；被排除的文件，以及来源中为链接之处的文件，\n"
     "也不会被删除。--header 等选项用于上传，与 cos cp 相同。\n"
     "\n"
     "--delete 在最后删除，并且只在没有失败时删除；FROM 没有的空文件夹也会删除。如果 FROM 中没有文件\n"
     "而又没有 -f，或要删除的文件和文件夹多于 --max-delete，则什么都不做。\n"},
    {"move or rename files and folders", "移动或重命名文件和文件夹"},
    {"As cos cp, and each source goes when its copy is there, in the end also the folders that this\n"
     "leaves empty. If a source is a link to a directory, what is in the directory goes; the link and\n"
     "the directory stay. Within the service nothing travels to this machine.\n",
     "与 cos cp 相同，副本完成后删除来源，最后删除因此变空的文件夹。如果来源是指向目录的链接，移走的是\n"
     "该目录中的内容；链接和目录本身保留。在服务内移动时，数据不经过本机。\n"},
    {"--%s takes a size such as 100, 10k or 1.5M, not %s", "--%s 是大小，写作 100、10k 或 1.5M，不能是 %s"},
    {"--type takes f or d, not %s", "--type 可以是 f 或 d，不能是 %s"},
    {"find files by name, size and time", "按名称、大小和时间查找文件"},
    {"Prints what all the options say, as paths that the other commands take, with a backslash\n"
     "before each '*', '?', '[' and backslash. Without --type d it looks for files. A pattern is\n"
     "about the last name; '*' is any part of it, '?' one character, [a-z] one of these. With --json\n"
     "an entry a line, as the service has it, and its path.\n",
     "输出符合全部选项的路径，可供其他命令使用，其中的 '*'、'?'、'[' 和反斜杠之前都加上反斜杠。没有\n"
     "--type d 时只查找文件。模式匹配最后一级名称；'*' 是任意部分，'?' 是一个字符，[a-z] 是其中之一。\n"
     "使用 --json 时每行一个条目，与服务返回的一致，并带有它的路径。\n"},
    {"sum up the sizes of files in folders", "统计文件夹中文件的大小"},
    {"A line has the bytes, the number of files, and the folder. -d 1 also shows the folders in\n"
     "it, -d 2 those in them.\n",
     "每行是字节数、文件数和文件夹。-d 1 同时显示其下一级文件夹，-d 2 再下一级。\n"},
    {"show folders as a tree", "以树形显示文件夹"},
    {"-d limits how deep it goes; a request or more for each folder, then. With --json there is a reply\n"
     "for every page.\n",
     "用 -d 限制深度，这时每个文件夹至少需要一个请求。使用 --json 时，每页输出一个回复。\n"},
    {"  (unfinished upload)", "  （未完成的上传）"},
    {"files: %lld, folders: %lld, size: %s", "文件: %lld，文件夹: %lld，大小: %s"},
    {"%s: no name begins with this", "%s: 没有以此开头的名称"},
    {"-r needs cos://BUCKET/", "-r 需要 cos://BUCKET/"},
    {"the JSON API can't list buckets: name one, or use the XML API's with --api v5",
     "JSON API 不能列出存储桶: 请指定一个，或用 --api v5 使用 XML API"},
    {"list folders, or the buckets", "列出文件夹或存储桶"},
    {"Without a path it lists the buckets of the account, with the XML API alone.\n"
     "\n"
     "A path that ends with '/' is a folder; otherwise what follows the last '/' is how the names\n"
     "have to begin. With -r everything below is listed. A path may have wildcards, see cos help cp:\n"
     "a folder that matches is listed itself, also with -r. With --json there is a reply for every\n"
     "page.\n",
     "不带路径时列出账号的存储桶，仅限 XML API。\n"
     "\n"
     "以 '/' 结尾的路径是文件夹；否则最后一个 '/' 之后的部分是名称的开头。使用 -r 时还会列出\n"
     "其中的全部文件夹。路径可以使用通配符，参见 cos help cp: 匹配的文件夹只列出其本身，使用 -r 时也是。\n"
     "使用 --json 时，每页输出一个回复。\n"},
    {"list the buckets of the account", "列出账号的存储桶"},
    {"With the XML API alone. -l shows the regions and when they were made.\n", "仅限 XML API。-l 显示地域和创建时间。\n"},
    {", unfinished upload", "，未完成的上传"},
    {"nobody has made it; it is there for the files in it", "没有人创建过它；因为其中有文件，所以它存在"},
    {"created %s", "已创建 %s"},
    {"show what is known of files and folders", "显示文件和文件夹的信息"},
    {"The path of a folder ends with '/'. A folder that nobody has made, and that is only part of\n"
     "the names of files, is there as well.\n",
     "文件夹的路径以 '/' 结尾。没有创建过、只是文件名一部分的文件夹也算存在。\n"},
    {"tell by the exit code whether files and folders are there", "用退出码表示文件和文件夹是否存在"},
    {"0 if all of them are, 3 if one is not; nothing is printed. A file whose upload was broken off\n"
     "is not there.\n", "全部存在为 0，有一个不存在为 3；不输出任何内容。上传中断的文件视为不存在。\n"},
    {"create folders", "创建文件夹"},
    {"Folders above it need not exist.\n", "上级文件夹不必存在。\n"},
    {"%s is a folder", "%s 是文件夹"},
    {"print files, one after the other", "依次输出文件的内容"},
    {"The same as cos cp FILE -.\n", "等同于 cos cp FILE -。\n"},
    {"print the beginning of files", "输出文件的开头"},
    {"Only what is printed travels.\n", "只传输要输出的部分。\n"},
    {"deleted %s (files: %lld, folders: %lld)", "已删除 %s（文件: %lld，文件夹: %lld）"},
    {"%s is a folder; -r deletes it with everything below it", "%s 是文件夹；用 -r 连同其中的全部内容一起删除"},
    {"%s is a whole bucket, and stays; '%s**' is all files in it", "%s 是整个存储桶，不会清空；其中的全部文件是 '%s**'"},
    {"%s does not begin with cos://", "%s 不以 cos:// 开头"},
    {"delete for good", "永久删除"},
    {"A folder, whose path ends with '/', is deleted only with -r, and a whole bucket, cos://BUCKET/,\n"
     "not even so; 'cos://BUCKET/**' is all files in it. Wildcards, --include and --exclude are as with\n"
     "cos cp. -f is content with what is not there. Ctrl-C stops it; what is deleted by then is gone.\n",
     "文件夹的路径以 '/' 结尾，只有使用 -r 才会删除；整个存储桶 cos://BUCKET/ 即使使用 -r 也不会清空，\n"
     "其中的全部文件是 'cos://BUCKET/**'。通配符、--include 和 --exclude 与 cos cp 相同。\n"
     "-f 不在意已经不存在的文件。Ctrl-C 可以中止；在此之前删除的已无法恢复。\n"},
    {"--tier takes Standard, Expedited or Bulk, not %s", "--tier 可以是 Standard、Expedited 或 Bulk，不能是 %s"},
    {"the JSON API can't restore files; the XML API can, with --api v5",
     "JSON API 不能恢复文件；用 --api v5 使用 XML API 即可"},
    {"until", "至"},
    {"not yet", "尚未完成"},
    {"no; see cos help restore", "否；参见 cos help restore"},
    {"%s is a folder; files can be restored: 'cos://BUCKET/FOLDER/**'",
     "%s 是文件夹；只能恢复文件: 'cos://BUCKET/FOLDER/**'"},
    {"%s: it is being restored already", "%s: 已在恢复中"},
    {"%s: it is restored already; its days are counted from now on", "%s: 早已恢复；天数从现在起重新计算"},
    {"asked for %s: it takes minutes or hours", "已请求恢复 %s: 需要几分钟到几小时"},
    {"make archived files readable for some days", "使归档文件在几天内可读"},
    {"A file of an archive class can be downloaded only after it was restored. With the XML API\n"
     "alone. cos stat tells whether it is readable.\n",
     "归档类型的文件恢复之后才能下载。仅限 XML API。用 cos stat 查看是否可读。\n"},
    {"%s: the class of files above 5 GiB can't be changed", "%s: 超过 5 GiB 的文件不能更改存储类型"},
    {"what is to be set is missing: --header, --acl, --class, --biz-attr or --forbid",
     "没有指定要设置的内容: --header、--acl、--class、--biz-attr 或 --forbid"},
    {"--clear-headers and --header don't go together; an empty value removes one",
     "--clear-headers 和 --header 不能同时使用；值为空即删除该头部"},
    {"%s: a folder has nothing but --biz-attr", "%s: 文件夹只有 --biz-attr"},
    {"--class is for the XML API: the JSON API has no storage classes",
     "--class 仅限 XML API: JSON API 没有存储类型"},
    {"changed %s", "已更改 %s"},
    {"change the headers, the access or the class of files", "更改文件的头部、访问权限或存储类型"},
    {"--header sets Cache-Control, Content-Type, Content-Language, Content-Disposition,\n"
     "Content-Encoding or an x-cos-meta-... of your own; with an empty value it goes. Headers that\n"
     "are not named stay. --class needs the XML API, --forbid the JSON API.\n",
     "--header 设置 Cache-Control、Content-Type、Content-Language、Content-Disposition、\n"
     "Content-Encoding 或自定义的 x-cos-meta-...；值为空即删除。没有提到的头部保持不变。\n"
     "--class 需要 XML API，--forbid 需要 JSON API。\n"},
    {"--expires takes seconds, or 10m, 2h, 7d, up to 90d; not %s", "--expires 是秒数，或 10m、2h、7d，最多 90d；不能是 %s"},
    {"print a URL that works without keys", "输出不需要密钥的 URL"},
    {"Whoever has the URL can download the file until it expires or, with --method, do something\n"
     "else. Whether the file exists is not looked at. --header and --param may be given several\n"
     "times; a header has to be sent with the URL as it was signed. Methods other than GET,\n"
     "headers and parameters need the XML API.\n",
     "在过期之前，任何人都可以用这个 URL 下载文件；用 --method 可以是其他操作。不检查文件是否存在。\n"
     "--header 和 --param 可以多次使用；使用 URL 时必须原样发送所签名的头部。GET 以外的方法、\n"
     "头部和参数需要 XML API。\n"},
    {"%s:%d: this is not NAME = VALUE with a name from cos help", "%s:%d: 这一行不是 NAME = VALUE，名称参见 cos help"},
    {"%s: this is too large to be a configuration", "%s: 文件太大，不是配置文件"},
    {"%s: this is not UTF-8 text, but perhaps UTF-16; save it as UTF-8",
     "%s: 这不是 UTF-8 文本，可能是 UTF-16；请存为 UTF-8"},
    {"warning: others can read %s; %s keeps the secret", "警告: 其他人可以读取 %s；用 %s 保护密钥"},
    {"%s has no section [%s]; cos config --profile %s makes one",
     "%s 中没有小节 [%s]；用 cos config --profile %s 创建"},
    {"no %s: set %s, or write %s = ... into %s%s%s", "没有 %s: 请设置 %s，或将 %s = ... 写入 %s%s%s"},
    {"configuration: %s must be valid UTF-8", "配置: %s 必须是有效的 UTF-8"},
    {"%s must be valid UTF-8", "%s 必须是有效的 UTF-8"},
    {"--%s must be valid UTF-8", "--%s 必须是有效的 UTF-8"},
    {"configuration: %s (%s, %d)", "配置: %s (%s, %d)"},
    {"usage: cos %s [OPTION...] %s\n"
     "\n"
     "%s",
     "用法: cos %s [选项...] %s\n"
     "\n"
     "%s"},
    {"Options:", "选项:"},
    {"Examples:", "示例:"},
    {"usage: cos COMMAND [OPTION...] ARGUMENT...\n"
     "\n"
     "%s",
     "用法: cos 命令 [选项...] 参数...\n"
     "\n"
     "%s"},
    {"Commands; cos help COMMAND tells more:", "命令；详见 cos help 命令:"},
    {"Options of every command:", "所有命令的选项:"},
    {"Output:", "输出:"},
    {"Configuration:", "配置:"},
    {"Exit codes:", "退出码:"},
    {"Files and folders of Tencent COS. cos://BUCKET/PATH is a file, cos://BUCKET/PATH/ a\n"
     "folder, anything else local. BUCKET may have -APPID at its end. In PATH, a backslash takes\n"
     "the meaning from the character behind it: '\\*' is a star.\n",
     "腾讯云对象存储 COS 的文件和文件夹。cos://BUCKET/PATH 是文件，cos://BUCKET/PATH/ 是文件夹，\n"
     "其他都是本地路径。BUCKET 末尾可以带 -APPID。PATH 中的反斜杠去掉其后字符的特殊含义: '\\*' 就是星号。\n"},
    {"A file with lines NAME = VALUE, with or without quotes around the value, and lines of comments\n"
     "that begin with #, at --config, %s,\n"
     "the first that is given; cos config writes it. Lines behind [NAME] are the profile of that name:\n"
     "--profile or COS_PROFILE choose it, and it adds to the lines above the first one. Variables of\n"
     "the environment win, COS_APPID for appid, and so on, but not over --profile.\n",
     "配置文件的每行是 NAME = VALUE，值可以加引号，以 # 开头的行是注释。依次取 --config、\n"
     "%s\n"
     "中第一个给出的；cos config 可以写入它。[NAME] 之后的行是名为 NAME 的账号配置: 用 --profile 或\n"
     "COS_PROFILE 选择，它补充第一个小节之前的行。环境变量优先，例如 COS_APPID 优先于 appid，\n"
     "但不优先于 --profile。\n"},
    {"  appid, secret_id, secret_key   the account\n"
     "  token                          what came with temporary keys\n"
     "  region                         such as ap-shanghai, or sh and the like\n"
     "                                 for the JSON API\n"
     "  api                            v4, the JSON API, or v5, the XML API\n"
     "  scheme                         https or http\n"
     "  hostname, download_hostname    another access point: host[:port]\n"
     "  ca_file                        PEM file of certificates to trust, too\n"
     "  proxy                          http://[user:password@]host:port\n",
     "  appid, secret_id, secret_key   账号\n"
     "  token                          临时密钥的令牌\n"
     "  region                         ap-shanghai 或其他地域；sh 之类的短名称是 JSON API 的地域\n"
     "  api                            v4 是 JSON API，v5 是 XML API，与地域无关\n"
     "  scheme                         https 或 http\n"
     "  hostname, download_hostname    另一个接入点: host[:port]\n"
     "  ca_file                        额外信任的证书，PEM 文件\n"
     "  proxy                          http://[user:password@]host:port\n"},
    {"    0  success\n"
     "    1  refused, or another failure that trying again does not cure\n"
     "    2  wrong usage or configuration, or a problem with a local file\n"
     "    3  no such file, folder or bucket\n"
     "    4  network trouble or overload: trying again may help\n"
     "  %s\n",
     "    0  成功\n"
     "    1  服务拒绝，或重试也无法解决的其他失败\n"
     "    2  用法、参数或配置错误，或本地文件有问题\n"
     "    3  文件、文件夹或存储桶不存在\n"
     "    4  网络故障或过载: 可以重试\n"
     "  %s\n"},
    {"A line for each file that was copied, moved or deleted, unless -q is given; what failed is on the\n"
     "standard error. Bars and colours are for terminals alone; with NO_COLOR there are no colours.\n"
     "Messages are in Chinese if LC_ALL, LC_MESSAGES or LANG say so.\n",
     "每复制、移动或删除一个文件输出一行，-q 除外；失败信息输出到标准错误。进度条和颜色只用于终端；\n"
     "设置 NO_COLOR 时没有颜色。LC_ALL、LC_MESSAGES 或 LANG 为中文时，信息使用中文。\n"},
    {"--sort takes name, size or time, not %s", "--sort 可以是 name、size 或 time，不能是 %s"},
    {"ignored", "忽略"},
    {"a symbolic link", "符号链接"},
    {"not a file", "不是文件"},
    {"an unfinished upload", "未完成的上传"},
    {"an unfinished download", "未完成的下载"},
    {"it has the name of an unfinished download", "名称与未完成的下载相同"},
    {"%s: nothing matches", "%s: 没有匹配的内容"},
    {"%s: a symbolic link is in the way", "%s: 路径中有符号链接"},
    {"warning: %s: who may read it is as with its bucket now; the key may not ask how it was",
     "警告: %s: 读取权限现在与存储桶相同；此密钥无权查询原来的权限"},
    {"%s was copied to %s, and is still there", "%s 已复制到 %s，但来源仍然存在"},
    {"%s has changed since it was copied; it stays", "%s 在复制之后发生了变化；它被保留"},
    {"%s: another name differs from it only in capital letters", "%s: 另一个名称与它只有大小写不同"},
    {"%s: no file can have this name here", "%s: 这里的文件不能使用该名称"},
    {"would delete %s", "将删除 %s"},
    {"would move %s -> %s", "将移动 %s -> %s"},
    {"deleted %s", "已删除 %s"},
    {"%s%s -> %s%s: exists, skipped", "%s%s -> %s%s: 已存在，跳过"},
    {"%s -> %s: not newer, skipped", "%s -> %s: 不比目标更新，跳过"},
    {"%s -> %s: exists, skipped", "%s -> %s: 已存在，跳过"},
    {"interrupted; the same command goes on where it stopped", "已中断；再次执行同一命令即可继续"},
    {"the service can't be reached; %lld more were not tried", "无法连接服务；还有 %lld 个没有尝试"},
    {"would be deleted: %lld, failed: %lld", "将删除: %lld，失败: %lld"},
    {"deleted: %lld, failed: %lld", "已删除: %lld，失败: %lld"},
    {"would be done: %lld, %s; unchanged: %lld, skipped: %lld, failed: %lld",
     "将处理: %lld，%s；未变化: %lld，跳过: %lld，失败: %lld"},
    {"done: %lld, %s in %.1f s; unchanged: %lld, skipped: %lld, failed: %lld",
     "完成: %lld，%s，用时 %.1f 秒；未变化: %lld，跳过: %lld，失败: %lld"},
    {"%lld of %lld failed", "%lld 个失败，共 %lld 个"},
    {"%lld files", "%lld 个文件"},
    {"there is no command %s; did you mean %s?", "没有命令 %s；您是不是要用 %s？"},
    {"there is no command %s", "没有命令 %s"},
    {"it takes no %s", "此命令没有选项 %s"},
    {"it takes %s", "参数是 %s"},
    {"it takes no operands", "此命令没有参数"},
    {"\"%s\": a local path or cos://BUCKET/PATH is wanted", "\"%s\": 应为本地路径或 cos://BUCKET/PATH"},
    {"a command is missing", "缺少命令"},
    {"libcos %s is not the one this was compiled for", "libcos %s 与编译时的版本不符"},
    {"the standard output could not be written", "无法写入标准输出"},
    {"--%s takes a whole number from %ld to %ld, not %s", "--%s 是 %ld 到 %ld 的整数，不能是 %s"},
    {"%s: there is no such option; did you mean --%s?", "%s: 没有这个选项；您是不是要用 --%s？"},
    {"%s: there is no such option", "%s: 没有这个选项"},
    {"--%s: the value is missing", "--%s: 缺少值"},
    {"-%c: the value is missing", "-%c: 缺少值"},
    {"--%s takes no value", "--%s 不带值"},
    {"-%c: there is no such option", "-%c: 没有这个选项"},
    {"folders, with everything below them", "文件夹，连同其中的全部内容"},
    {"skip files that exist", "跳过已存在的文件"},
    {"skip files that are not newer than those that are there", "跳过不比目标更新的文件"},
    {"keep the times of files, and compare by them", "保留文件的时间，并按时间比较"},
    {"with -t: compare by content all the same", "与 -t 一起: 仍按内容比较"},
    {"take files that match; may be given again", "只取匹配的文件；可多次使用"},
    {"leave out files that match; may be given again", "排除匹配的文件；可多次使用"},
    {"only say what would be done", "只说明将要做什么"},
    {"delete what the source does not have", "删除来源中没有的文件"},
    {"with --delete: do nothing if more would go, even with -f", "与 --delete 一起: 超过此数则什么都不做，即使有 -f"},
    {"do it all the same in the case told above", "在上面所说的情况下仍然执行"},
    {"requests under way at a time, 1 to 64 (4)", "同时进行的请求数，1 到 64 (4)"},
    {"what one request of a large upload carries", "大文件上传时一个请求的大小"},
    {"bytes a second, 100k or more, such as 2M, with the XML API", "每秒字节数，至少 100k，例如 2M，仅限 XML API"},
    {"also who may read it, which the XML API tells in a request of its own",
     "还有谁可以读取，XML API 需要另一个请求才能得知"},
    {"sizes, dates and a total", "大小、日期和合计"},
    {"sizes such as 1.2 MiB", "易读的大小，例如 1.2 MiB"},
    {"name, or size or time: the largest or newest first", "name、size 或 time: 大的、新的在前"},
    {"the other way round", "反序"},
    {"so many folders deep", "文件夹的层数"},
    {"so much of it (1k)", "输出的大小 (1k)"},
    {"the last name matches, such as '*.log'", "匹配最后一级名称，例如 '*.log'"},
    {"f for files, d for folders", "f 是文件，d 是文件夹"},
    {"larger than this, such as 10M", "大于此值，例如 10M"},
    {"smaller than this", "小于此值"},
    {"changed later: 5m, 2h, 7d or 2w ago, or 2024-12-31 [23:59]",
     "在此之后更改: 5m、2h、7d 或 2w 以前，或 2024-12-31 [23:59]"},
    {"changed earlier: 5m, 2h, 7d or 2w ago, or 2024-12-31 [23:59]",
     "在此之前更改: 5m、2h、7d 或 2w 以前，或 2024-12-31 [23:59]"},
    {"a folder that exists is fine", "文件夹已存在也可以"},
    {"seconds, or 10m, 2h, 7d; at most 90d (1h)", "秒数，或 10m、2h、7d；最多 90d (1h)"},
    {"GET, HEAD, PUT, POST, DELETE or OPTIONS (GET)", "GET、HEAD、PUT、POST、DELETE 或 OPTIONS (GET)"},
    {"a header; may be given again", "头部；可多次使用"},
    {"a parameter of the URL; may be given again", "URL 的参数；可多次使用"},
    {"who may read: private, public-read, or default, as the bucket",
     "谁可以读取: private、public-read，或 default，与存储桶相同"},
    {"storage class, such as STANDARD_IA, with the XML API", "存储类型，例如 STANDARD_IA，仅限 XML API"},
    {"text that is stored with the file", "与文件一起保存的文本"},
    {"0 allows all, 1 forbids access, 2 forbids writing", "0 允许一切，1 禁止访问，2 禁止写入"},
    {"remove the headers that were set", "删除已设置的头部"},
    {"how long the copy can be read (1)", "副本可读的天数 (1)"},
    {"Standard, Expedited or Bulk (Standard)", "Standard、Expedited 或 Bulk (Standard)"},
    {"say nothing but errors", "只输出错误"},
    {"print the library's replies, one a line, and nothing else", "只输出库的回复，每行一个"},
    {"read the account from this file", "从此文件读取账号"},
    {"the account in the section [NAME] of the file", "文件中小节 [NAME] 的账号"},
    {"where the bucket is, in place of the account's region", "存储桶所在的地域，代替账号配置的地域"},
    {"v4 for the JSON API, v5 for the XML API (by the region's name)", "v4 是 JSON API，v5 是 XML API（默认取决于地域）"},
    {"give up a request without progress after so long (300)", "请求无进展超过此秒数即放弃 (300)"},
    {"repeat failed requests so often, 0 to 10 (3)", "请求失败后重试的次数，0 到 10 (3)"},
    {"show help", "显示帮助"},
    {"show the version", "显示版本"},
    {"cos: see: cos help%s%s\n", "cos: 参见: cos help%s%s\n"},
    {"if it is a folder, its path ends with '/'", "如果是文件夹，路径要以 '/' 结尾"},
    {"with -p that is fine", "使用 -p 则不算错误"},
    {"to copy into a folder, end its path with '/'", "要复制到文件夹中，路径要以 '/' 结尾"},
    {"other content was left unfinished there; remove it with cos rm", "那里有其他内容的未完成上传；用 cos rm 删除"},
    {"if its upload was broken off, the same upload again completes it, and cos rm drops it",
     "如果它的上传曾经中断，再次执行同样的上传即可完成，用 cos rm 可以放弃"},
    {"check the buckets' names and regions: --region is where the copy goes, --source-region where the source is",
     "检查两个存储桶的名称和地域: --region 是目标所在的地域，--source-region 是源所在的地域"},
    {"check the bucket's name and region; --region gives another one: sh and the like are for the JSON API, "
     "ap-shanghai and the like for the XML API",
     "检查存储桶的名称和地域；用 --region 指定其他地域: sh 等用于 JSON API，ap-shanghai 等用于 XML API"},
    {"hint: %s", "提示: %s"},
    {"there is no message", "没有说明"},
    {"%s or %s: %s (%s, %d)", "%s 或 %s: %s (%s, %d)"},
    {"interrupted", "已中断"},
    {"--json and %s can't both have the standard output", "--json 和 %s 不能同时使用标准输出"},
    {"%s is a folder; what comes from a stream needs a name", "%s 是文件夹；来自流的内容需要文件名"},
    {"%s has no files: --delete would delete %s of %s; -f does it all the same",
     "%s 中没有文件: --delete 会删除 %s，它们在 %s；-f 可强制执行"},
    {"%s of %s would be deleted, and --max-delete is %lld: nothing was done",
     "%s（在 %s）将被删除，而 --max-delete 为 %lld: 什么都没有做"},
    {"%lld folders", "%lld 个文件夹"},
    {"%lld files and %lld folders", "%lld 个文件和 %lld 个文件夹"},
    {"%s: a folder with content of its own, which can't be copied", "%s: 该文件夹自身有内容，无法复制"},
    {"nothing was deleted", "没有删除任何文件"},
    {", %s resumed", "，续传 %s"},
    {"%s -> %s: %s in %.1f s%s%s", "%s -> %s: %s，用时 %.1f 秒%s%s"},
    {", known to the service", "，服务已有此内容"},
    {"--limit-rate is for uploads and downloads: the service does not limit copies",
     "--limit-rate 用于上传和下载: 服务不限制复制"},
    {"where the source is, if that is another region", "源所在的地域，用于源在另一个地域时"},
    {"--source-region is for copies from cos:// to cos://", "--source-region 只用于从 cos:// 到 cos:// 的复制"},
    {"--source-region is for the XML API: the JSON API copies within a bucket",
     "--source-region 仅限 XML API: JSON API 只在存储桶内复制"},
    {"%s and %s: with the JSON API, files are copied and moved within one bucket",
     "%s 和 %s: JSON API 只能在同一个存储桶内复制和移动文件"},
    {"--limit-rate is for the XML API: the JSON API does not limit what travels",
     "--limit-rate 仅限 XML API: JSON API 不限制传输速度"},
    {"--slice-size is 1, 2 or 3 with the JSON API, not %d", "JSON API 的 --slice-size 是 1、2 或 3，不能是 %d"},
    {"--slice-size is for uploads", "--slice-size 只用于上传"},
    {"--limit-rate takes 100k or more, not %s", "--limit-rate 至少为 100k，不能是 %s"},
    {"--header, --acl, --class and --biz-attr are for uploads; see cos help set",
     "--header、--acl、--class 和 --biz-attr 只用于上传；参见 cos help set"},
    {"--checksum is for use with --times: without that, contents are compared anyway",
     "--checksum 要与 --times 一起使用: 否则本来就按内容比较"},
    {"%s: the service does not say how the list goes on", "%s: 服务没有说明列表如何继续"},
    {"%s: more than %d folders are below it", "%s: 其下的文件夹超过 %d 个"},
};

#endif

/* The progress of a transfer: a bar on the terminal, and Ctrl-C. */
#include "progress.h"

#include <stdio.h>
#include <string.h>

#include "options.h"
#include "print.h"
#include "system.h"
#include "text.h"

/* Bytes a second, for the last seconds. */
static double rate_of(struct progress *progress, double time, uint64_t done)
{
    struct mark here = {time, done};
    if (progress->drawn_at == 0) {
        progress->older = progress->newer = here;
    } else if (time - progress->newer.time > 4) {
        progress->older = progress->newer;
        progress->newer = here;
    }
    if (time - progress->older.time < 0.2)
        return 0;
    return (double)(done - progress->older.done) / (time - progress->older.time);
}

/* The numbers of the bar: "  45%   12.3 MiB    3.4 MiB/s     0:04". Returns their length. */
static size_t describe(char *text, size_t room, uint64_t done, uint64_t total, double rate)
{
    char size[SHORT_TEXT], speed[SHORT_TEXT], left[SHORT_TEXT] = "-:--";
    double seconds = rate > 0 ? (double)(total - done) / rate : 1e9;
    if (seconds < 3600)
        snprintf(left, sizeof left, "%d:%02d", (int)seconds / 60, (int)seconds % 60);
    else if (seconds < 360000)
        snprintf(left, sizeof left, "%d:%02d:00", (int)seconds / 3600, (int)seconds / 60 % 60);
    size_text((long long)done, size);
    size_text((long long)rate, speed);
    return (size_t)snprintf(text, room, " %3d%% %10s %10s/s %8s",
                            (int)((double)done / (double)total * 100), size, speed, left);
}

/* The same where the total is not known. */
static size_t describe_without_total(char *text, size_t room, uint64_t done, double rate)
{
    char size[SHORT_TEXT], speed[SHORT_TEXT];
    size_text((long long)done, size);
    size_text((long long)rate, speed);
    return (size_t)snprintf(text, room, " %10s %10s/s", size, speed);
}

enum { BAR = 20, BAR_COLUMNS = BAR + 3, LEAST_NAME = 16, PERCENTAGE = 5 };

static void draw_name(const char *name, size_t columns)
{
    size_t i;
    for (i = print_clean(stderr, name, columns); i < columns; i++)
        putc(' ', stderr);
}

static void draw_bar(double part)
{
    int i;
    fputs(" [", stderr);
    for (i = 0; i < BAR; i++)
        putc(i < part * BAR ? '#' : '-', stderr);
    putc(']', stderr);
}

/* The name, the bar and the numbers, or what the terminal has room for. */
static void draw(struct progress *progress, uint64_t done, uint64_t total)
{
    double time = seconds_now(), rate = rate_of(progress, time, done);
    char numbers[128] = "";
    size_t length = 0, columns = terminal_columns(), bar = 0;
    progress->drawn_at = time;
    if (total > 0 && done > total) /* a file may grow while it is sent */
        done = total;
    if (columns == 0)
        columns = 80;
    columns -= columns < 3 ? columns : 3; /* the terminal writes ^C there, and nothing wraps */
    if (total > 0)
        length = describe(numbers, sizeof numbers, done, total, rate);
    else if (progress->total_grows)
        length = describe_without_total(numbers, sizeof numbers, done, rate);
    if (length > columns) {
        length = total == 0 ? 0 : PERCENTAGE < columns ? PERCENTAGE : columns;
        numbers[length] = '\0';
    } else if (total > 0 && columns - length >= BAR_COLUMNS + LEAST_NAME) {
        bar = BAR_COLUMNS;
    }
    putc('\r', stderr);
    draw_name(progress->name, columns - length - bar);
    if (bar > 0)
        draw_bar((double)done / (double)total);
    fprintf(stderr, "%s\033[K", numbers);
    fflush(stderr);
}

static int on_progress(uint64_t done, uint64_t total, void *user)
{
    struct progress *progress = user;
    if (progress->draws &&
        (progress->drawn_at == 0 || seconds_now() - progress->drawn_at >= 0.1))
        draw(progress, done, progress->total_grows ? 0 : total);
    return is_interrupted();
}

void progress_begin(struct progress *progress, const char *name, int may_draw)
{
    memset(progress, 0, sizeof *progress);
    progress->transfer = checked(cos_transfer_new());
    progress->name = name;
    progress->draws = may_draw && !option('q') && can_redraw();
    cos_transfer_on_progress(progress->transfer, on_progress, progress);
    interrupts_begin();
}

void progress_end(struct progress *progress)
{
    interrupts_end();
    cos_transfer_free(progress->transfer);
    if (progress->drawn_at > 0)
        fputs("\r\033[K", stderr);
}

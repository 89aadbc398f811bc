/* The progress of a transfer: a bar on the terminal, and Ctrl-C. */
#include "progress.h"

#include <stdio.h>
#include <string.h>

#include "options.h"
#include "print.h"
#include "system.h"
#include "text.h"

static struct {
    const char *name;
    int draws, total_grows, counts_files;
    uint64_t done, total;
    uint64_t travelled;       /* the part of `done` that a rate is made of */
    double drawn_at;          /* 0 before the first time */
    int is_shown;             /* the cursor is in a line that has to be wiped away */
    struct mark older, newer; /* the rate is taken since the older one, 4 to 8 seconds ago */
} bar;

/* Bytes a second, for the last seconds. */
static double rate_at(double time)
{
    struct mark here = {time, bar.travelled};
    if (bar.drawn_at == 0) {
        bar.older = bar.newer = here;
    } else if (time - bar.newer.time > 4) {
        bar.older = bar.newer;
        bar.newer = here;
    }
    if (time - bar.older.time < 0.2)
        return 0;
    return (double)(here.travelled - bar.older.travelled) / (time - bar.older.time);
}

/* The numbers of the bar: "  45%   12.3 MiB    3.4 MiB/s     0:04". Returns their length. */
static size_t describe(char *text, size_t room, uint64_t done, uint64_t total, double rate)
{
    char size[SHORT_TEXT], speed[SHORT_TEXT], left[SHORT_TEXT] = "-:--";
    int percent = (int)((double)done / (double)total * 100);
    double seconds = rate > 0 ? (double)(total - done) / rate : 1e9;
    if (seconds < 3600)
        snprintf(left, sizeof left, "%d:%02d", (int)seconds / 60, (int)seconds % 60);
    else if (seconds < 360000)
        snprintf(left, sizeof left, "%d:%02d:00", (int)seconds / 3600, (int)seconds / 60 % 60);
    if (bar.counts_files)
        return (size_t)snprintf(text, room, " %3d%% %10lld/%-12lld %8s", percent, (long long)done,
                                (long long)total, left);
    size_text((long long)done, size);
    size_text((long long)rate, speed);
    return (size_t)snprintf(text, room, " %3d%% %10s %10s/s %8s", percent, size, speed, left);
}

/* The same where the total is not known. */
static size_t describe_without_total(char *text, size_t room, uint64_t done, double rate)
{
    char size[SHORT_TEXT], speed[SHORT_TEXT];
    if (bar.counts_files)
        return (size_t)snprintf(text, room, " %10lld", (long long)done);
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
static void draw(void)
{
    double time = seconds_now(), rate = rate_at(time);
    char numbers[128] = "";
    size_t length = 0, columns = terminal_columns(), bar_columns = 0;
    uint64_t done = bar.done, total = bar.total_grows ? 0 : bar.total;
    bar.drawn_at = time;
    bar.is_shown = 1;
    if (total > 0 && done > total) /* a file may grow while it is sent */
        done = total;
    if (columns == 0)
        columns = 80;
    columns -= columns < 3 ? columns : 3; /* the terminal writes ^C there, and nothing wraps */
    if (total > 0)
        length = describe(numbers, sizeof numbers, done, total, rate);
    else if (bar.total_grows)
        length = describe_without_total(numbers, sizeof numbers, done, rate);
    if (length > columns) {
        length = total == 0 ? 0 : PERCENTAGE < columns ? PERCENTAGE : columns;
        numbers[length] = '\0';
    } else if (total > 0 && columns - length >= BAR_COLUMNS + LEAST_NAME) {
        bar_columns = BAR_COLUMNS;
    }
    putc('\r', stderr);
    draw_name(bar.name, columns - length - bar_columns);
    if (bar_columns > 0)
        draw_bar((double)done / (double)total);
    fprintf(stderr, "%s\033[K", numbers);
    fflush(stderr);
}

static void draw_if_due(void)
{
    if (bar.draws && (bar.drawn_at == 0 || seconds_now() - bar.drawn_at >= 0.1))
        draw();
}

static int on_progress(uint64_t done, uint64_t total, void *user)
{
    struct share *share = user;
    uint64_t travelled = cos_transfer_travelled(share->transfer);
    lock();
    if (travelled > share->travelled) {
        bar.travelled += travelled - share->travelled;
        share->travelled = travelled;
    }
    bar.done += done - share->done;
    share->done = done;
    if (share->adds_total && total > share->total) {
        bar.total += total - share->total;
        share->total = total;
    }
    draw_if_due();
    unlock();
    return is_interrupted();
}

/* Makes room for a line. */
static void wipe(void)
{
    if (bar.is_shown) {
        fputs("\r\033[K", stderr);
        fflush(stderr);
    }
    bar.is_shown = 0;
}

static void set_up(const char *name, uint64_t total, int may_draw)
{
    memset(&bar, 0, sizeof bar);
    bar.name = name;
    bar.total = total;
    bar.draws = may_draw && !option('q') && can_redraw();
    set_before_lines(wipe);
}

void progress_begin(const char *name, uint64_t total, int may_draw)
{
    set_up(name, total, may_draw);
    interrupts_begin();
}

void progress_end(void)
{
    wipe();
    set_before_lines(NULL);
}

void counting_begin(const char *name)
{
    static const double A_MOMENT = 1; /* in seconds */
    set_up(name, 0, 1);
    bar.counts_files = bar.total_grows = 1;
    bar.drawn_at = seconds_now() + A_MOMENT;
}

void counting_add(void)
{
    progress_add(1);
}

void counting_end(void)
{
    wipe();
    set_before_lines(NULL);
}

void progress_has_no_total(void)
{
    bar.total_grows = 1;
}

void progress_counts_files(void)
{
    bar.counts_files = 1;
}

int progress_is_drawn(void)
{
    return bar.draws;
}

void share_begin(struct share *share, int adds_total)
{
    memset(share, 0, sizeof *share);
    share->transfer = checked(cos_transfer_new());
    share->adds_total = adds_total;
    cos_transfer_on_progress(share->transfer, on_progress, share);
}

void share_end(struct share *share)
{
    cos_transfer_free(share->transfer);
}

void progress_add(uint64_t done)
{
    bar.travelled += done;
    progress_skip(done);
}

void progress_skip(uint64_t done)
{
    bar.done += done;
    draw_if_due();
}

void progress_show(uint64_t done, uint64_t total)
{
    lock();
    bar.done = bar.travelled = done;
    bar.total = total;
    draw_if_due();
    unlock();
}

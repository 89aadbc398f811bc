/* Trees: one list of files, which all workers take from. */
#define _GNU_SOURCE
#include "jobs.h"

#include <dirent.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct file {
    char *name;
    struct object object; /* what a list shows */
};

struct tree {
    const char *path, *local;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    struct file *files;
    size_t count, room, next;
    int is_whole; /* no more will be found */
};

static struct tree new_tree(const char *path, const char *local)
{
    struct tree tree = {.path = path, .local = local};
    pthread_mutex_init(&tree.lock, NULL);
    pthread_cond_init(&tree.changed, NULL);
    return tree;
}

static void add_file(void *user, const char *name, const struct object *object)
{
    struct tree *tree = user;
    pthread_mutex_lock(&tree->lock);
    if (tree->count == tree->room) {
        tree->room = tree->room ? 2 * tree->room : 1024;
        tree->files = realloc(tree->files, tree->room * sizeof *tree->files);
    }
    if (!tree->files)
        fail("no memory");
    tree->files[tree->count++] = (struct file){strdup(name), *object};
    pthread_cond_signal(&tree->changed);
    pthread_mutex_unlock(&tree->lock);
}

/* The next file, or 0 when there are no more. */
static int next_file(struct tree *tree, struct file *file)
{
    int found;
    pthread_mutex_lock(&tree->lock);
    while (tree->next == tree->count && !tree->is_whole)
        pthread_cond_wait(&tree->changed, &tree->lock);
    found = tree->next < tree->count;
    if (found)
        *file = tree->files[tree->next++];
    pthread_mutex_unlock(&tree->lock);
    return found;
}

static void end_of_files(struct tree *tree)
{
    pthread_mutex_lock(&tree->lock);
    tree->is_whole = 1;
    pthread_cond_broadcast(&tree->changed);
    pthread_mutex_unlock(&tree->lock);
}

static void free_tree(struct tree *tree)
{
    while (tree->count > 0)
        free(tree->files[--tree->count].name);
    free(tree->files);
}

static void places(const struct tree *tree, const char *name, char path[1024], char local[1024])
{
    snprintf(path, 1024, "%s%s", tree->path, name);
    snprintf(local, 1024, "%s/%s", tree->local, name);
}

static void upload_files(struct line *line, void *job)
{
    char path[1024], local[1024];
    struct file file;
    while (next_file(job, &file)) {
        places(job, file.name, path, local);
        upload_file(line, path, local);
    }
}

void upload_tree(struct line *line, const char *path, const char *local)
{
    struct tree tree = new_tree(path, local);
    DIR *directory = opendir(local);
    struct dirent *entry;
    struct object unknown = {0};
    if (!directory)
        fail("the directory can't be read");
    while ((entry = readdir(directory)))
        if (entry->d_name[0] != '.')
            add_file(&tree, entry->d_name, &unknown);
    closedir(directory);
    end_of_files(&tree);
    in_parallel(line, upload_files, &tree);
    free_tree(&tree);
}

static void download_files(struct line *line, void *job)
{
    char path[1024], local[1024];
    struct file file;
    while (next_file(job, &file)) {
        places(job, file.name, path, local);
        download_listed(line, path, &file.object, local);
    }
}

/* Lists page by page while the first files travel. */
static void *list_tree(void *job)
{
    struct tree *tree = job;
    struct line line;
    char context[256] = "";
    open_line(&line, settings.ca_file);
    while (!settings.api->list(&line, tree->path, context, add_file, tree)) {}
    close_line(&line);
    end_of_files(tree);
    return NULL;
}

void download_tree(struct line *line, const char *path, const char *local)
{
    struct tree tree = new_tree(path, local);
    pthread_t lister;
    if (pthread_create(&lister, NULL, list_tree, &tree) != 0)
        fail("no thread");
    in_parallel(line, download_files, &tree);
    pthread_join(lister, NULL);
    free_tree(&tree);
}

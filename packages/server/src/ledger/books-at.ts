/** Where the books are: in a file of SQLite's, or in a PostgreSQL database. The URL may have a password in it. */
export type BooksAt = { readonly file: string } | { readonly url: string };

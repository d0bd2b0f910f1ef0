UPDATE books SET generation = ? WHERE book_id = ?

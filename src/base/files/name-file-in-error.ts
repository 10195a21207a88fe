// Adds the path to file system errors: Node names none if a call used an open file.

/** The result of an operation on the file. A failure keeps its code, and names the path. */
export async function namingFile<T>(path: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (err) {
    if (err instanceof Error && 'code' in err && !('path' in err)) err.message = `${err.message} '${path}'`
    throw err
  }
}

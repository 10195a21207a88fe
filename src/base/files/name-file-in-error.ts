// Failures of the file system that say of which file: Node names none where a call took an open file.

/** The outcome of what works on the file. A failure keeps its code, and names the path. */
export async function namingFile<T>(path: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (err) {
    if (err instanceof Error && 'code' in err && !('path' in err)) err.message = `${err.message} '${path}'`
    throw err
  }
}

// What a container left to say: the file at its termination message path, or the end of its log where it asked for that.
import { open } from 'node:fs/promises'
import { LogFileReader, tailOffset } from './log-file.ts'

const longestFile = 4096
const longestLog = 2048
const mostLogLines = 80

/** Empty when there is nothing. The file belongs to the container, so only its first bytes are read and it is never followed as a link. */
export async function terminationMessage(file: string, policy: string, exitCode: number, log: string): Promise<string> {
  const text = await firstBytes(file)
  if (text !== '' || policy !== 'FallbackToLogsOnError' || exitCode === 0) return text
  try {
    const { offset } = await tailOffset(log, mostLogLines)
    await using reader = await LogFileReader.open(log, offset)
    const parts: Buffer[] = []
    for (let lines = await reader.next(); lines.length > 0; lines = await reader.next()) {
      for (const { text, partial } of lines) parts.push(text, Buffer.from(partial ? '' : '\n'))
    }
    return Buffer.concat(parts).subarray(-longestLog).toString()
  } catch {
    // No log, no message; the exit code says the rest.
    return ''
  }
}

async function firstBytes(file: string): Promise<string> {
  try {
    await using handle = await open(file)
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(longestFile), 0, longestFile, 0)
    return buffer.subarray(0, bytesRead).toString()
  } catch {
    // The container never got as far as having one.
    return ''
  }
}

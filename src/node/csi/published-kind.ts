// What lies at a path where a driver has mounted something. In another process with a time limit: a dead storage system would hold a thread of the agent for ever.
import { execFile } from 'node:child_process'

/** A file system that does not answer by then is treated as missing. */
const answerMs = 10_000

export type PublishedKind = 'folder' | 'block device' | 'symbolic link' | 'something else' | 'nothing' | 'nothing that answers'

const kinds: Readonly<Record<string, PublishedKind>> = {
  directory: 'folder',
  'block special file': 'block device',
  'symbolic link': 'symbolic link',
}

export function publishedKind(path: string, timeoutMs = answerMs, program = 'stat'): Promise<PublishedKind> {
  return new Promise(resolve => {
    const child = execFile(program, ['-c', '%F', '--', path], { env: { LC_ALL: 'C', PATH: process.env['PATH'] } }, (err, stdout) => {
      clearTimeout(timer)
      resolve(err ? 'nothing' : (kinds[stdout.trim()] ?? 'something else'))
    })
    // The process itself may not end before its file system answers.
    const timer = setTimeout(() => {
      child.kill('SIGKILL')
      child.unref()
      resolve('nothing that answers')
    }, timeoutMs)
  })
}

// A container's termination message: the file at its path, or the end of its log if it requests that.
import { constants } from 'node:fs'
import { open } from 'node:fs/promises'
import type { Pod } from '../../api/types/core-v1.ts'
import { LogFileReader, tailOffset } from '../container/log-file.ts'
import { containersOf } from '../pod/pod-containers.ts'
import type { PodState } from '../pod/pod-state.ts'
import { maxMessageLength, terminationMessageFile } from './pod-mounts.ts'
import type { PodHost } from './pod-node.ts'

const maxLogLength = 2048
const maxLogLines = 80

/** Empty if there is none. The container controls the file, so only its first bytes are read, and links are not followed. */
export async function terminationMessage(file: string, policy: string, exitCode: number, log: string): Promise<string> {
  const text = await firstBytes(file)
  if (text !== '' || policy !== 'FallbackToLogsOnError' || exitCode === 0) return text
  try {
    const { offset } = await tailOffset(log, maxLogLines)
    await using reader = await LogFileReader.open(log, offset)
    const parts: Buffer[] = []
    for (let lines = await reader.next(); lines.length > 0; lines = await reader.next()) {
      for (const { text, partial } of lines) parts.push(text, Buffer.from(partial ? '' : '\n'))
    }
    return Buffer.concat(parts).subarray(-maxLogLength).toString()
  } catch {
    // No log, no message; the exit code remains.
    return ''
  }
}

async function firstBytes(file: string): Promise<string> {
  try {
    await using handle = await open(file, constants.O_RDONLY | constants.O_NOFOLLOW)
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(maxMessageLength), 0, maxMessageLength, 0)
    return buffer.subarray(0, bytesRead).toString()
  } catch {
    // The container ended before it had a file.
    return ''
  }
}

/** Adds the messages of containers that ended since to `messages`, before their pod's folder is removed. */
export async function readMessages(
  host: Pick<PodHost, 'terminationMessage'>,
  pod: Pod,
  state: PodState,
  directory: string,
  messages: Map<string, string>,
): Promise<void> {
  for (const [name, instances] of state.containers) {
    for (const status of instances.slice(0, 2)) {
      if (status.state !== 'CONTAINER_EXITED' || messages.has(status.id)) continue
      const spec = containersOf(pod).find(({ spec }) => spec.name === name)?.spec
      const file = terminationMessageFile(directory, name, status.metadata.attempt)
      const policy = spec?.terminationMessagePolicy ?? 'File'
      messages.set(status.id, await host.terminationMessage(file, policy, status.exitCode, status.logPath))
    }
  }
}

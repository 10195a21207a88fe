// Reads /proc/self/mountinfo, and mounts and unmounts through util-linux with each value as an argument.
import { execFile } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { promisify } from 'node:util'

const run = promisify(execFile)

/** All mount points of this process, the oldest first. */
export async function mountPoints(): Promise<string[]> {
  return parseMountInfo(await readFile('/proc/self/mountinfo', 'utf8'))
}

/** Mount points at or below `directory`, deepest and newest first: the order for unmounting. */
export async function mountsBelow(directory: string): Promise<string[]> {
  return (await mountPoints()).filter(point => point === directory || point.startsWith(`${directory}/`)).reverse()
}

/** Mount points in the table's order. The kernel escapes space, tab, newline and backslash as octal. */
function parseMountInfo(text: string): string[] {
  return text.split('\n').flatMap(line => {
    const point = line.split(' ')[4]
    return point === undefined ? [] : [point.replace(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8)))]
  })
}

export async function isMountPoint(path: string): Promise<boolean> {
  return (await mountPoints()).includes(path)
}

/** A tmpfs: does not survive a reboot and never reaches a disk. */
export async function mountTmpfs(
  path: string,
  options: { readonly sizeBytes?: number; readonly mode: string; readonly programs?: boolean },
): Promise<void> {
  const size = options.sizeBytes === undefined ? '' : `,size=${options.sizeBytes}`
  await run('mount', ['-t', 'tmpfs', '-o', `nosuid,nodev,${options.programs ? '' : 'noexec,'}mode=${options.mode}${size}`, 'tmpfs', path])
}

/** Binds the object of an open descriptor of this process, wherever its path leads meanwhile. */
export async function bindMountDescriptor(fd: number, target: string): Promise<void> {
  await run('mount', ['--no-canonicalize', '--bind', `/proc/${process.pid}/fd/${fd}`, target])
}

/** Detaches at once, even if in use. A path that is not mounted is success. */
export async function unmount(path: string): Promise<void> {
  try {
    await run('umount', ['-l', '--', path])
  } catch (err) {
    if (!(await isMountPoint(path))) return
    throw err
  }
}

export async function unmountBelow(directory: string): Promise<void> {
  for (const point of await mountsBelow(directory)) await unmount(point)
}

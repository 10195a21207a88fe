// The images that every node has without a registry: the pause image of its sandboxes, and busybox for examples.
import { execFile } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { promisify } from 'node:util'
import type { TarEntry } from '../../supply-chain/oci/tar/write-tar.ts'
import { type BuiltImage, buildImage } from './oci-image.ts'

export const pauseImage = 'bulkhead.local/pause:1'
export const busyboxImage = 'bulkhead.local/busybox:1'

/** PID 1 of a sandbox: waits for SIGTERM. `wait` reaps orphans, which a shared PID namespace reparents to it. */
const pauseScript = 'trap \'kill "$!"; exit 0\' TERM INT; while :; do sleep 86400 & wait "$!"; done'

/** From Debian's busybox-static. */
const busyboxPath = '/usr/bin/busybox'

const run = promisify(execFile)

/** Both images. Rejects with the package to install if busybox is missing or not static. */
export async function builtinImages(signal: AbortSignal): Promise<readonly BuiltImage[]> {
  const busybox = await readFile(busyboxPath, { signal }).catch(cause => {
    throw new Error(`Cannot build the node's images: "${busyboxPath}" cannot be read, install the package busybox-static`, { cause })
  })
  if (isDynamic(busybox)) {
    throw new Error(`Cannot build the node's images: "${busyboxPath}" is linked dynamically, install the package busybox-static`)
  }
  const { stdout } = await run(busyboxPath, ['--list'], { signal })
  const applets = stdout.split('\n').filter(name => /^[a-z0-9[\]_.-]+$/.test(name) && name !== 'busybox')
  const architecture = process.arch === 'arm64' ? 'arm64' : 'amd64'
  const binary: TarEntry = { path: 'bin/busybox', mode: 0o755, content: busybox }
  const pause = buildImage({
    name: pauseImage,
    architecture,
    user: '65535:65535',
    files: [{ path: 'bin/', mode: 0o755 }, binary, { path: 'bin/sleep', mode: 0o777, linkTo: 'busybox' }],
    entrypoint: ['/bin/busybox', 'sh', '-c', pauseScript],
  })
  const example = buildImage({
    name: busyboxImage,
    architecture,
    user: '65532:65532',
    command: ['sh'],
    files: [
      { path: 'bin/', mode: 0o755 },
      binary,
      ...applets.map(name => ({ path: `bin/${name}`, mode: 0o777, linkTo: 'busybox' })),
      { path: 'etc/', mode: 0o755 },
      {
        path: 'etc/passwd',
        mode: 0o644,
        content: Buffer.from('root:x:0:0:root:/root:/bin/sh\nnonroot:x:65532:65532:nonroot:/home:/bin/sh\n'),
      },
      { path: 'etc/group', mode: 0o644, content: Buffer.from('root:x:0:\nnonroot:x:65532:\n') },
      { path: 'home/', mode: 0o1777 },
      { path: 'root/', mode: 0o700 },
      { path: 'tmp/', mode: 0o1777 },
      { path: 'usr/', mode: 0o755 },
      { path: 'usr/bin/', mode: 0o755 },
      { path: 'usr/bin/env', mode: 0o777, linkTo: '/bin/busybox' },
      { path: 'var/', mode: 0o755 },
      { path: 'www/', mode: 0o755 },
      { path: 'www/index.html', mode: 0o644, content: Buffer.from('Hello from Bulkhead\n') },
    ],
  })
  return [pause, example]
}

/** Whether an ELF file needs a program interpreter (PT_INTERP): it would not start in an image without libraries. */
function isDynamic(elf: Buffer): boolean {
  if (elf.length < 64 || elf.readUInt32BE(0) !== 0x7f454c46) return true
  const offset = Number(elf.readBigUInt64LE(32))
  const size = elf.readUInt16LE(54)
  const count = elf.readUInt16LE(56)
  for (let i = 0; i < count; i++) if (elf.readUInt32LE(offset + i * size) === 3) return true
  return false
}

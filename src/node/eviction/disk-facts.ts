// Reads the kernel's figures of the node's disks.
import { stat, statfs } from 'node:fs/promises'
import type { NodeDirectory } from '../machine/node-directory.ts'
import type { DiskFacts, FileSystemFacts } from './thresholds.ts'

export async function diskFacts({ root, containerdRoot }: Pick<NodeDirectory, 'root' | 'containerdRoot'>): Promise<DiskFacts> {
  const [nodefs, imagefs, nodeDevice, imageDevice] = await Promise.all([
    fileSystemFacts(root),
    fileSystemFacts(containerdRoot),
    stat(root),
    stat(containerdRoot),
  ])
  return { nodefs, imagefs, dedicated: nodeDevice.dev !== imageDevice.dev }
}

export async function fileSystemFacts(path: string): Promise<FileSystemFacts> {
  const { bsize, blocks, bavail, files, ffree } = await statfs(path)
  return { capacityBytes: blocks * bsize, availableBytes: bavail * bsize, inodes: files, inodesFree: ffree }
}

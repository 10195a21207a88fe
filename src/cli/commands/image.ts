import { buildCommand, buildRouteMap } from '@stricli/core'
import type { ImageFlags } from '../image/node-images.ts'
import { ProgressLine } from '../progress-line.ts'
import { runCommand } from '../run-command.ts'

const dataDir = {
  kind: 'parsed',
  parse: String,
  optional: true,
  brief: 'The data directory of the cluster, as given to "bulkhead up"',
  placeholder: 'DIR',
} as const
const print = (text: string) => process.stdout.write(`${text}\n`)
const isRoot = () => process.getuid?.() === 0

const importCommand = buildCommand({
  func: (flags: ImageFlags, file: string) =>
    runCommand(async () => {
      const { importArchive } = await import('../image/node-images.ts')
      const { stderr } = process
      const progress = new ProgressLine({
        write: text => void stderr.write(text),
        isTerminal: stderr.isTTY === true,
        columns: stderr.columns ?? 80,
        now: () => performance.now(),
      })
      await importArchive(flags, file, isRoot(), print, progress)
    }),
  parameters: {
    flags: { dataDir },
    positional: { kind: 'tuple', parameters: [{ brief: 'An OCI or Docker archive (tar)', parse: String, placeholder: 'FILE' }] },
  },
  docs: { brief: 'Put the images of an archive on the node of this machine' },
})

const listCommand = buildCommand({
  func: (flags: ImageFlags) =>
    runCommand(async () => {
      const { listImages } = await import('../image/node-images.ts')
      await listImages(flags, isRoot(), print)
    }),
  parameters: { flags: { dataDir } },
  docs: { brief: 'List the images on the node of this machine' },
})

/** Images on the node of this machine. */
export const imageCommand = buildRouteMap({
  routes: { import: importCommand, list: listCommand },
  docs: { brief: 'Images on the node of this machine' },
})

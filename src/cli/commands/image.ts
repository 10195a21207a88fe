import { buildCommand, buildRouteMap } from '@stricli/core'
import { withCommandList, withHelp } from '../help.ts'
import type { ImageFlags } from '../image/node-images.ts'
import { ProgressLine } from '../terminal/progress-line.ts'
import { runCommand } from '../terminal/run-command.ts'

const dataDir = {
  kind: 'parsed',
  parse: String,
  optional: true,
  brief: 'Data directory of the cluster, as for "bulkhead up"',
  placeholder: 'DIR',
} as const
const print = (text: string) => process.stdout.write(`${text}\n`)
const isRoot = () => process.getuid?.() === 0

const importParsed = buildCommand({
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
    positional: { kind: 'tuple', parameters: [{ brief: 'OCI or Docker archive (tar)', parse: String, placeholder: 'FILE' }] },
  },
  docs: { brief: 'Import the images of an archive into the node' },
})

const listParsed = buildCommand({
  func: (flags: ImageFlags) =>
    runCommand(async () => {
      const { listImages } = await import('../image/node-images.ts')
      await listImages(flags, isRoot(), print)
    }),
  parameters: { flags: { dataDir } },
  docs: { brief: 'List the images of the node' },
})

const importCommand = withHelp(importParsed, {
  usage: '[flags] FILE',
  examples: [['docker save web:1 -o web.tar && sudo bulkhead image import web.tar', 'pods of this node can then use web:1']],
})

const listCommand = withHelp(listParsed, {
  usage: '[flags]',
  examples: [['sudo bulkhead image list', 'name, size and digest of each image']],
})

const commands = buildRouteMap({
  routes: { import: importCommand, list: listCommand },
  docs: { brief: 'Import and list images of the node on this machine' },
})

/** Images on the node of this machine. */
export const imageCommand = withCommandList(commands, [
  ['sudo bulkhead image import web.tar', 'import an archive'],
  ['sudo bulkhead image list', 'list the images'],
])

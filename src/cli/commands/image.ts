import { homedir } from 'node:os'
import { join } from 'node:path'
import { buildCommand, buildRouteMap } from '@stricli/core'
import { UserError } from '../../base/user-error.ts'
import { dataDirFlag } from '../common-flags.ts'
import { withCommandList, withHelp } from '../help.ts'
import type { CopyFlags } from '../image/copy-images.ts'
import type { ImageFlags } from '../image/node-images.ts'
import { ProgressLine } from '../terminal/progress-line.ts'
import { interruptible, runCommand } from '../terminal/run-command.ts'

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
    flags: { dataDir: dataDirFlag },
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
  parameters: { flags: { dataDir: dataDirFlag } },
  docs: { brief: 'List the images of the node' },
})

const copyFlags = {
  ca: {
    kind: 'parsed',
    parse: String,
    optional: true,
    brief: "Authorities (PEM) of the registries (default: the system's)",
    placeholder: 'FILE',
  },
  authFile: {
    kind: 'parsed',
    parse: String,
    optional: true,
    brief: 'Passwords of registries, as "docker login" writes them',
    placeholder: 'FILE',
  },
  image: {
    kind: 'parsed',
    parse: String,
    optional: true,
    brief: 'Name, tag or digest of one of several images of a layout',
    placeholder: 'NAME',
  },
} as const

async function runCopy(flags: CopyFlags, from: string, to: string): Promise<void> {
  const { copyImages } = await import('../image/copy-images.ts')
  const defaultAuthFile =
    process.env['REGISTRY_AUTH_FILE'] ?? join(process.env['DOCKER_CONFIG'] ?? join(homedir(), '.docker'), 'config.json')
  await copyImages(from, to, flags, { defaultAuthFile, print: text => void print(text) }, interruptible())
}

const copyParsed = buildCommand({
  func: (flags: CopyFlags, from: string, to: string) => runCommand(() => runCopy(flags, from, to)),
  parameters: {
    flags: copyFlags,
    positional: {
      kind: 'tuple',
      parameters: [
        { brief: 'Image in a registry, or path of an OCI layout or archive', parse: String, placeholder: 'FROM' },
        { brief: 'Image in a registry, a file that ends with .tar, or a new folder as ./NAME', parse: String, placeholder: 'TO' },
      ],
    },
  },
  docs: { brief: 'Copy an image with its signatures and attestations' },
})

const exportParsed = buildCommand({
  func: (flags: CopyFlags, image: string, file: string) =>
    runCommand(async () => {
      if (!file.endsWith('.tar')) throw new UserError(`The archive must end with .tar, got "${file}"`)
      await runCopy(flags, image, file)
    }),
  parameters: {
    flags: copyFlags,
    positional: {
      kind: 'tuple',
      parameters: [
        { brief: 'Image in a registry, or path of an OCI layout', parse: String, placeholder: 'IMAGE' },
        { brief: 'Archive to write', parse: String, placeholder: 'FILE.tar' },
      ],
    },
  },
  docs: { brief: 'Write an image with its signatures and attestations into an archive' },
})

const importCommand = withHelp(importParsed, {
  usage: '[flags] FILE',
  examples: [['docker save web:1 -o web.tar && sudo bulkhead image import web.tar', 'pods of this node can then use web:1']],
})

const listCommand = withHelp(listParsed, {
  usage: '[flags]',
  examples: [['sudo bulkhead image list', 'name, size and digest of each image']],
})

const copyCommand = withHelp(copyParsed, {
  usage: '[flags] FROM TO',
  examples: [
    ['bulkhead image copy registry.example.com/shop/web:1 127.0.0.1:5443/shop/web:1', 'from one registry to another'],
    ['bulkhead image copy web.tar 127.0.0.1:5443/shop/web:1', 'from an archive, in a closed network'],
  ],
})

const exportCommand = withHelp(exportParsed, {
  usage: '[flags] IMAGE FILE.tar',
  examples: [['bulkhead image export registry.example.com/shop/web:1 web.tar', 'signatures and attestations are in it']],
})

const commands = buildRouteMap({
  routes: { import: importCommand, list: listCommand, copy: copyCommand, export: exportCommand },
  docs: { brief: 'Import, list, copy and export images' },
})

/** Images on the node of this machine, and between registries. */
export const imageCommand = withCommandList(commands, [
  ['sudo bulkhead image import web.tar', 'import an archive'],
  ['sudo bulkhead image list', 'list the images'],
])

import { homedir } from 'node:os'
import { buildCommand, buildRouteMap } from '@stricli/core'
import type { ImportFlags, StatusFlags } from '../advisories/advisories.ts'
import { defaultAdvisories } from '../advisories/advisories-folder.ts'
import { optionalText } from '../common-flags.ts'
import { withCommandList, withHelp } from '../help.ts'
import { runCommand } from '../terminal/run-command.ts'

const advisories = {
  ...optionalText,
  brief: 'Folder of imported advisories (default: ~/.local/share/bulkhead/advisories)',
  placeholder: 'DIR',
} as const
const context = () => ({
  advisories: defaultAdvisories(homedir(), process.env['XDG_DATA_HOME']),
  now: Date.now(),
  print: (text: string) => void process.stdout.write(`${text}\n`),
})

const importParsed = buildCommand({
  func: (flags: ImportFlags, source: string, path: string) =>
    runCommand(async () => {
      const { importAdvisories } = await import('../advisories/advisories.ts')
      await importAdvisories(flags, source, path, context())
    }),
  parameters: {
    flags: {
      advisories,
      dataDir: { ...optionalText, brief: 'Import into the cluster with this data directory, as for "bulkhead up"', placeholder: 'DIR' },
      name: { ...optionalText, brief: 'Name of the source, which the import replaces (default: SOURCE)', placeholder: 'NAME' },
      publicKey: { ...optionalText, brief: 'Verify the signature with this Ed25519 or ECDSA key in PEM', placeholder: 'FILE' },
      signature: { ...optionalText, brief: 'Signature over the file, as bytes or base64', placeholder: 'FILE' },
      time: {
        ...optionalText,
        brief: 'When it was published (default: what it says, or the time of the file)',
        placeholder: 'TIME',
      },
      force: { kind: 'boolean', optional: true, withNegated: false, brief: 'Accept content that is older, or no longer signed' },
    },
    positional: {
      kind: 'tuple',
      parameters: [
        { brief: 'osv, debian, alpine, redhat, ubuntu, epss, kev or vex', parse: String, placeholder: 'SOURCE' },
        { brief: 'File, archive or folder', parse: String, placeholder: 'PATH' },
      ],
    },
  },
  docs: { brief: 'Import advisories from files' },
})

const statusParsed = buildCommand({
  func: (flags: StatusFlags) =>
    runCommand(async () => {
      const { showAdvisories } = await import('../advisories/advisories.ts')
      return showAdvisories(flags, context())
    }),
  parameters: {
    flags: {
      advisories,
      dataDir: { ...optionalText, brief: 'Show those of the cluster with this data directory', placeholder: 'DIR' },
      maxAge: { ...optionalText, brief: 'Age from which a source counts as silent (default: 7d)', placeholder: 'AGE' },
    },
  },
  docs: { brief: 'Show the imported sources, and which are silent' },
})

const importCommand = withHelp(importParsed, {
  usage: '[flags] SOURCE PATH',
  examples: [
    ['bulkhead advisories import osv --name osv-npm all.zip', "osv.dev's archive of an ecosystem"],
    ['bulkhead advisories import debian data/json', "Debian's security tracker"],
    ['bulkhead advisories import osv --data-dir /var/lib/bulkhead all.zip', 'into a running cluster, which matches all its images again'],
    ['bulkhead advisories import kev --public-key mirror.pem --signature kev.sig kev.json', 'only if the signature is valid'],
  ],
})

const statusCommand = withHelp(statusParsed, {
  usage: '[flags]',
  examples: [['bulkhead advisories status --max-age 36h', 'fails if a source published nothing for 36 hours']],
  exitCodes: '0 every source is fresh, 1 one is silent, or none was imported',
})

const commands = buildRouteMap({
  routes: { import: importCommand, status: statusCommand },
  docs: { brief: 'Import the advisories that "bulkhead scan" uses' },
})

/** Advisories on this machine. */
export const advisoriesCommand = withCommandList(commands, [
  ['bulkhead advisories import osv all.zip', 'import records of osv.dev'],
  ['bulkhead advisories status', 'see what was imported, and when'],
])

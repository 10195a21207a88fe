import { buildCommand, buildRouteMap, numberParser } from '@stricli/core'
import type { AuditFlags, LogSource } from '../audit/audit-folder.ts'
import type { ExportAuditFlags, ReportFlags } from '../audit/export.ts'
import type { ProveAuditFlags } from '../audit/receipt.ts'
import type { SearchFlags, TailFlags } from '../audit/search.ts'
import type { VerifyAuditFlags } from '../audit/verify.ts'
import type { WitnessFlags } from '../audit/witness.ts'
import { optionalText, outputFlag } from '../common-flags.ts'
import { withCommandList, withHelp } from '../help.ts'
import { interruptible, runCommand } from '../terminal/run-command.ts'

const optionalNumber = { kind: 'parsed', parse: numberParser, optional: true } as const
const source = {
  dataDir: { ...optionalText, brief: 'Data directory of the cluster whose log it is', placeholder: 'DIR' },
  log: { ...optionalText, brief: 'Folder with a copy of a log, as "bulkhead audit export" makes', placeholder: 'DIR' },
} as const
const key = { ...optionalText, brief: 'Keys of the log, as "bulkhead audit key" prints them', placeholder: 'FILE' } as const
const witnessKey = {
  ...optionalText,
  variadic: true,
  brief: 'Key of a witness that must have cosigned; several times',
  placeholder: 'KEY',
} as const
const print = (text: string) => process.stdout.write(`${text}\n`)
const fileArgument = (brief: string, placeholder: string) =>
  ({ kind: 'tuple', parameters: [{ brief, parse: String, placeholder }] }) as const

const verify = buildCommand({
  func: (flags: VerifyAuditFlags) => runCommand(async () => (await import('../audit/verify.ts')).verifyAudit(flags, print), 2),
  parameters: {
    flags: {
      ...{ ...source, key, output: outputFlag },
      seen: {
        ...optionalText,
        variadic: true,
        brief: 'Checkpoint that someone kept; may be given several times',
        placeholder: 'FILE',
      },
      witnessKey,
    },
  },
  docs: { brief: 'Verify that a log is whole and unchanged, by public keys alone' },
})

const receipt = buildCommand({
  func: (flags: LogSource, id: string) => runCommand(async () => (await import('../audit/receipt.ts')).printReceipt(flags, id, print)),
  parameters: { flags: source, positional: fileArgument('Audit id, as the header Audit-Id of an answer names it', 'ID') },
  docs: { brief: 'Print the receipt of a record: a proof that verifies on any machine' },
})

const prove = buildCommand({
  func: (flags: ProveAuditFlags, file: string) =>
    runCommand(async () => (await import('../audit/receipt.ts')).proveReceipt(flags, file, print), 2),
  parameters: {
    flags: {
      ...{ ...source, key },
      witnessKey,
    },
    positional: fileArgument('Receipt of "bulkhead audit receipt"', 'FILE'),
  },
  docs: { brief: 'Verify a receipt, without the log' },
})

const search = buildCommand({
  func: (flags: SearchFlags) => runCommand(async () => (await import('../audit/search.ts')).searchAudit(flags, print)),
  parameters: {
    flags: {
      ...{ ...source, output: outputFlag },
      user: { ...optionalText, brief: 'Who sent the request, or as whom', placeholder: 'NAME' },
      verb: { ...optionalText, brief: 'Verb, such as delete', placeholder: 'VERB' },
      resource: { ...optionalText, brief: 'Resource, such as pods or pods/exec', placeholder: 'NAME' },
      namespace: { ...optionalText, brief: 'Namespace of the object', placeholder: 'NAME' },
      name: { ...optionalText, brief: 'Name of the object', placeholder: 'NAME' },
      code: { ...optionalNumber, brief: 'Code of the answer', placeholder: 'CODE' },
      id: { ...optionalText, brief: 'Audit id', placeholder: 'ID' },
      since: { ...optionalText, brief: 'Not before this time (RFC 3339)', placeholder: 'TIME' },
      until: { ...optionalText, brief: 'Before this time (RFC 3339)', placeholder: 'TIME' },
      identity: { ...optionalText, brief: 'Identity of age, for records that are sealed to it', placeholder: 'FILE' },
      limit: { ...optionalNumber, brief: 'At most so many records (default: 1000)', placeholder: 'N' },
    },
  },
  docs: { brief: 'Print records by who, what and when' },
})

const tail = buildCommand({
  func: (flags: TailFlags) =>
    runCommand(async () => (await import('../audit/search.ts')).tailAudit(flags, print, interruptible('SIGTERM'))),
  parameters: {
    flags: {
      ...{ ...source, output: outputFlag },
      lines: { ...optionalNumber, brief: 'So many of the newest records (default: 10)', placeholder: 'N' },
      follow: { kind: 'boolean', optional: true, brief: 'Go on with those that come' },
    },
  },
  docs: { brief: 'Print the newest records' },
})

const exported = buildCommand({
  func: (flags: ExportAuditFlags) => runCommand(async () => (await import('../audit/export.ts')).exportAudit(flags, print)),
  parameters: { flags: { ...source, key, to: { kind: 'parsed', parse: String, brief: 'New folder for the copy', placeholder: 'DIR' } } },
  docs: { brief: 'Copy the log into a folder that verifies on any machine' },
})

const report = buildCommand({
  func: (flags: ReportFlags) => runCommand(async () => (await import('../audit/export.ts')).reportAudit(flags, print)),
  parameters: { flags: { ...source, key, output: outputFlag } },
  docs: { brief: 'Verify the log and summarize who did what' },
})

const witness = buildCommand({
  func: (flags: WitnessFlags) =>
    runCommand(async () => (await import('../audit/witness.ts')).serveWitness(flags, print, interruptible('SIGTERM'))),
  parameters: {
    flags: {
      listen: { kind: 'parsed', parse: String, brief: 'Address of this witness', placeholder: 'HOST:PORT' },
      dir: { kind: 'parsed', parse: String, brief: 'Folder for its key and for what it saw', placeholder: 'DIR' },
      name: { kind: 'parsed', parse: String, brief: 'Name of its key, such as that of this machine', placeholder: 'NAME' },
      key: { kind: 'parsed', parse: String, variadic: true, brief: 'Keys of a log; may be given several times', placeholder: 'FILE' },
      tlsCert: { kind: 'parsed', parse: String, brief: 'Certificate of this witness (PEM)', placeholder: 'FILE' },
      tlsKey: { kind: 'parsed', parse: String, brief: 'Its private key (PEM)', placeholder: 'FILE' },
    },
  },
  docs: { brief: 'Cosign checkpoints of other machines that continue what was seen' },
})

const printKeys = buildCommand({
  func: (flags: Pick<AuditFlags, 'dataDir'>) => runCommand(async () => (await import('../audit/print-keys.ts')).printKeys(flags, print)),
  parameters: { flags: { dataDir: source.dataDir } },
  docs: { brief: 'Print the public keys by which the log of this cluster is verified' },
})

/** The audit log as evidence. */
export const auditCommand = withCommandList(
  buildRouteMap({
    routes: {
      search: withHelp(search, {
        usage: '[flags]',
        examples: [['bulkhead audit search --verb delete --resource pods', 'who deleted which pods']],
      }),
      tail: withHelp(tail, { usage: '[flags]', examples: [['bulkhead audit tail --follow', 'what happens now']] }),
      verify: withHelp(verify, {
        usage: '[flags]',
        examples: [
          ['bulkhead audit verify', 'the log of this machine'],
          ['bulkhead audit verify --log copy --key audit.pub', 'a copy, on any machine'],
        ],
        exitCodes: '0 whole, 1 changed or cut, 2 could not be verified',
      }),
      receipt: withHelp(receipt, {
        usage: '[flags] ID',
        examples: [['bulkhead audit receipt 2fb8946b-… > r.tlog-proof', 'of one request']],
      }),
      prove: withHelp(prove, {
        usage: '[flags] FILE',
        examples: [['bulkhead audit prove r.tlog-proof --key audit.pub', 'on any machine']],
        exitCodes: '0 proved, 1 not proved, 2 could not be verified',
      }),
      export: withHelp(exported, { usage: '--to DIR [flags]', examples: [['bulkhead audit export --to copy', 'for an auditor']] }),
      report: withHelp(report, {
        usage: '[flags]',
        examples: [['bulkhead audit report', 'who did how much']],
        exitCodes: '0 whole, 1 changed or cut',
      }),
      witness: withHelp(witness, {
        usage: '--listen HOST:PORT --dir DIR --name NAME --key FILE [flags]',
        examples: [['bulkhead audit witness --listen 0.0.0.0:7443 …', 'for the logs whose keys it has']],
      }),
      key: withHelp(printKeys, { usage: '[flags]', examples: [['bulkhead audit key > audit.pub', 'to hand out']] }),
    },
    docs: { brief: 'Search, verify and hand out the audit log' },
  }),
  [
    ['bulkhead audit verify', 'see whether the log is whole and unchanged'],
    ['bulkhead audit search --user ann', 'see what ann did'],
  ],
)

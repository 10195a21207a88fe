// The process of the signer: the only one with private keys other than its own leaf key.
import { setFlagsFromString } from 'node:v8'
import { systemClock } from '../../base/clock.ts'
import type { Logger } from '../../base/log.ts'
import { messageOf, UserError } from '../../base/user-error.ts'
import { warmUpCertificates } from '../../signer/certificate.ts'
import { openFileSigner } from '../../signer/file-signer.ts'
import { UnsafeKeyFile } from '../../signer/key-folder.ts'
import type { SignerRole } from '../../signer/policy.ts'
import { serveSigner } from '../../signer/serve.ts'
import type { Signer } from '../../signer/signer.ts'
import { runPart } from './part-process.ts'
import { waitFor } from './wait-for.ts'

export interface SignerSettings {
  readonly directory: string
  readonly sockets: { readonly server: string; readonly controllers: string; readonly admin: string; readonly backup?: string }
  /** The names that the API server's certificate may have. */
  readonly servingNames: { readonly dnsNames: readonly string[]; readonly ipAddresses: readonly string[] }
  /** Names of the controllers' ServiceAccounts. */
  readonly controllerAccounts: readonly string[]
  readonly issuer: string
  /** Recipients of age to which it seals its keys; empty without backups. */
  readonly backupRecipients: readonly string[]
  /** How long a key signs checkpoints of the audit log; undefined means the default. */
  readonly auditEpochMs: number | undefined
}

export const signerPart = (): Promise<void> =>
  runPart<SignerSettings>('signer', async ({ settings, log, signal, ready }) => {
    const { sockets, servingNames, issuer } = settings
    // The forty certificates of a start make V8 optimize code that hardly runs again, and its compilers alone take 8 MB of resident memory.
    for (const compiler of ['maglev', 'turbofan']) setFlagsFromString(`--no-${compiler}`)
    await using signer = await openKeys(settings, log)
    // Each socket is in a folder that only one group can enter, so only members of that group can connect.
    const socket = (role: SignerRole, path: string) => ({ role, path, groupMayConnect: true })
    const { backup } = sockets
    await using _listening = await serveSigner({
      signer,
      sockets: [
        socket('server', sockets.server),
        socket('controllers', sockets.controllers),
        socket('admin', sockets.admin),
        ...(backup === undefined ? [] : [socket('backup', backup)]),
      ],
      scope: { servingNames, issuer, controllerAccounts: new Set(settings.controllerAccounts) },
      clock: systemClock,
      log,
    })
    ready()
    await warmUpCertificates()
    await waitFor(signal)
  })

async function openKeys({ directory, backupRecipients, auditEpochMs }: SignerSettings, log: Logger): Promise<Signer> {
  try {
    const epoch = auditEpochMs === undefined ? {} : { auditEpochMs }
    return await openFileSigner({ directory, backupRecipients, clock: systemClock, log, ...epoch })
  } catch (err) {
    const what = `Cannot open the keys of the cluster in "${directory}": ${messageOf(err)}`
    // The file exists but has the wrong mode, and its message names the right one.
    throw new UserError(err instanceof UnsafeKeyFile ? what : `${what}. Restore the folder from a backup`, { cause: err })
  }
}

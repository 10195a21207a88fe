// The process of the part `backup`: it reads all objects through the API, and holds no key that opens a backup but its own of this run.
import { createPublicKey, X509Certificate } from 'node:crypto'
import { join } from 'node:path'
import { parseBackupSettings } from '../../backup/backup-settings.ts'
import { apiSource, signerLinks } from '../../backup/connect-source.ts'
import { RunBackups } from '../../backup/run-backups.ts'
import { TargetBackups } from '../../backup/target-backups.ts'
import { systemClock } from '../../base/clock.ts'
import { Client } from '../../client/client.ts'
import { createHttpTransport } from '../../client/transport/http-transport.ts'
import type { ClientIdentity } from '../../cluster/client-identity.ts'
import { connectSigner } from '../../signer/connect.ts'
import { verifyAndReport } from '../backup/verify-and-report.ts'
import { runPart } from './part-process.ts'

export interface BackupPartSettings {
  readonly server: string
  readonly ca: string
  readonly identity: ClientIdentity
  readonly signerSocket: string
  /** For encrypted packs that are being verified. */
  readonly directory: string
  /** The content of the file of `--backup`, with the contents of the files that it names; and its path for messages. */
  readonly settings: unknown
  readonly file: string
}

export const backupPart = (): Promise<void> =>
  runPart<BackupPartSettings, ClientIdentity>('backups', async ({ settings, log, signal, ready, onChange }) => {
    const { server, ca, signerSocket, directory, file } = settings
    let { identity } = settings
    const { recipients, targets } = parseBackupSettings(settings.settings, file)
    await using stack = new AsyncDisposableStack()
    const transport = stack.use(createHttpTransport({ server, ca, identity: () => identity, userAgent: 'bulkhead-backup' }))
    const signer = stack.use(connectSigner(signerSocket, { clock: systemClock, log }))
    const key = createPublicKey((await signer.evidenceKey(signal)).publicKey)
    const cluster = clusterOf(await signer.authority('serving', signal))
    const shared = { cluster, key, recipients, signer: signerLinks(signer), source: apiSource(transport, signer), clock: systemClock, log }
    const following = new Map(
      targets.map(({ name, open }) => [name, new TargetBackups({ ...shared, name, open, verified: () => management.verified(name) })]),
    )
    const client = new Client(transport)
    const management: RunBackups = new RunBackups({
      ...{ client, targets: following, clock: systemClock, log, random: Math.random },
      verify: (name, made, until) => {
        const target = targets.find(known => known.name === name)
        if (target === undefined) throw new Error(`There is no target ${name}`)
        return verifyAndReport(
          { target, made, key, signer, client, ca, server, scratch: join(directory, 'verify'), clock: systemClock },
          until,
        )
      },
    })
    const running = [management.run(signal), ...[...following.values()].map(target => target.run(signal))]
    ready()
    onChange(renewed => {
      identity = renewed
      transport.reconnect()
      return {}
    })
    await Promise.all(running)
  })

/** Of the oldest certificate of its authority, which later ones do not change. */
function clusterOf(authorities: string): string {
  const [oldest = ''] = authorities.split(/(?=-----BEGIN CERTIFICATE-----)/).slice(-1)
  return new X509Certificate(oldest).fingerprint256.replaceAll(':', '').toLowerCase()
}

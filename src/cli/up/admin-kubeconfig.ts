// The administrator's kubeconfig: a user in a group that is bound to cluster-admin, with a certificate of a day that is renewed.
import { dirname, join } from 'node:path'
import { administratorsGroup } from '../../access/access.ts'
import { keepRenewed, validityOf } from '../../base/async/renewal.ts'
import type { Clock } from '../../base/clock.ts'
import { ensureFile, replaceFile } from '../../base/files/replace-file.ts'
import type { Logger } from '../../base/log.ts'
import { issueIdentity } from '../../cluster/client-identity.ts'
import { formatKubeconfig } from '../../cluster/kubeconfig.ts'
import type { Signer } from '../../signer/signer.ts'

export interface AdminKubeconfigOptions {
  readonly path: string
  readonly server: string
  readonly signer: Signer
  readonly clock: Clock
  readonly log: Logger
}

const name = 'bulkhead-admin'
const lifetimeSeconds = 24 * 3600
/** Certificate and key in one file, so that both are replaced at once. */
const identityFile = 'admin.pem'

/** Writes the kubeconfig with a new certificate, and renews the certificate until the signal. Resolves when it is written. */
export async function keepAdminKubeconfig(options: AdminKubeconfigOptions, signal: AbortSignal): Promise<void> {
  let certificate = await writeAdminKubeconfig(options, signal)
  const { clock, log } = options
  // Never rejects: a failed renewal is logged and tried again.
  void keepRenewed(
    {
      ...{ name, clock, log, random: Math.random },
      validity: () => validityOf(certificate),
      renew: async until => {
        certificate = await writeAdminKubeconfig(options, until)
      },
    },
    signal,
  )
}

/** The kubeconfig refers to the file with the certificate: clients that run for longer read it again. Returns the certificate. */
async function writeAdminKubeconfig({ path, server, signer }: AdminKubeconfigOptions, signal: AbortSignal): Promise<string> {
  const ca = await signer.authority('serving', signal)
  const { certificate, key } = await issueIdentity(signer, name, [administratorsGroup], lifetimeSeconds, signal)
  await replaceFile(join(dirname(path), identityFile), `${certificate.trimEnd()}\n${key}`)
  await ensureFile(path, formatKubeconfig({ server, ca, user: name, credentials: { file: identityFile } }))
  return certificate
}

// The API server's process: no private key of the cluster, no right on the machine beyond its own folder.

import { join } from 'node:path'
import { AuditLog } from '../../access/audit/audit-log.ts'
import type { AuditPolicy } from '../../access/audit/policy.ts'
import { createKeyAndCsr } from '../../access/pki/key-and-csr.ts'
import type { AdmissionSettings } from '../../admission/admission-settings.ts'
import type { Features } from '../../api/features.ts'
import { allowPrivileged } from '../../api/validation/cluster-policy.ts'
import { systemClock } from '../../base/clock.ts'
import type { Profile } from '../../base/config.ts'
import { createRegistry } from '../../base/metrics.ts'
import { keepRenewed, validityOf } from '../../base/renewal.ts'
import { codeOf, messageOf, UserError } from '../../base/user-error.ts'
import { bootstrap } from '../../cluster/bootstrap.ts'
import { openControlPlane } from '../../cluster/control-plane.ts'
import { openPolicyFolder } from '../../cluster/policy-folder.ts'
import { signerSealer } from '../../cluster/signer-sealer.ts'
import { Listener } from '../../server/server.ts'
import { connectSigner } from '../../signer/connect.ts'
import type { Signer } from '../../signer/signer.ts'
import { createStoreMetrics } from '../../store/metrics.ts'
import { openSqliteStore } from '../../store/sqlite/sqlite-store.ts'
import { runPart } from '../part-process.ts'

export interface ServerSettings {
  readonly directory: string
  readonly signerSocket: string
  readonly host: string
  readonly port: number
  /** The address under which pods reach this server; undefined where it listens on loopback only. */
  readonly advertised: string | undefined
  readonly dnsNames: readonly string[]
  readonly ipAddresses: readonly string[]
  readonly profile: Profile
  readonly allowPrivileged: boolean
  readonly policyDirectory: string | undefined
  readonly serviceCidr: string
  readonly serviceIp: string
  readonly dnsAddress: string
  readonly admission: AdmissionSettings
  readonly features: Features
  readonly auditPolicy: AuditPolicy | undefined
}

const servingSeconds = 30 * 86_400

export const serverPart = (): Promise<void> =>
  runPart<ServerSettings>('server', async ({ settings, log, signal, ready }) => {
    allowPrivileged(settings.allowPrivileged)
    const clock = systemClock
    const metrics = createRegistry()
    await using stack = new AsyncDisposableStack()
    const signer = stack.use(connectSigner(settings.signerSocket, { clock, log }))
    // Before anything is opened: a server must not run with half of its rules.
    const { policyDirectory, features } = settings
    const policies = policyDirectory === undefined ? undefined : openPolicyFolder(policyDirectory, { clock, log, features })
    const firstServing = servingCertificate(signer, settings, signal)
    firstServing.catch(() => undefined)
    const [store, audit] = await Promise.all([
      openStore(settings, signer, log, metrics),
      AuditLog.open({
        directory: join(settings.directory, 'audit'),
        clock,
        log,
        signHead: (digest, until) => signer.signAuditHead(digest, until),
        ...(settings.auditPolicy === undefined ? {} : { policy: settings.auditPolicy }),
        keepsWrites: settings.profile === 'secure',
      }),
    ])
    stack.use(store)
    stack.use(audit)
    const server = stack.use(
      await openControlPlane({
        store,
        signer,
        audit,
        profile: settings.profile,
        ...(policies ? { policies } : {}),
        serviceCidr: settings.serviceCidr,
        admission: settings.admission,
        features,
        clock,
        log,
        metrics,
        signal,
      }),
    )
    let serving = await firstServing
    const listener = stack.use(
      new Listener({
        host: settings.host,
        port: settings.port,
        serving,
        clientAuthorities: await signer.authority('client', signal),
        handle: server.handle,
        log,
      }),
    )
    await listenOrExplain(listener, settings)
    const endpoint = { serviceIp: settings.serviceIp, address: settings.advertised, port: settings.port }
    await bootstrap({
      server,
      store,
      signer,
      endpoint,
      dnsAddress: settings.dnsAddress,
      namespaceDefaults: settings.profile === 'secure',
      signal,
    })
    ready({ objects: store.status().objects })
    await keepRenewed(
      {
        ...{ name: 'kube-apiserver', clock, log, random: Math.random },
        validity: () => validityOf(serving.certificate),
        renew: async until => {
          serving = await servingCertificate(signer, settings, until)
          listener.renew(serving)
        },
      },
      signal,
    )
  })

async function openStore(
  { directory }: ServerSettings,
  signer: Signer,
  log: Parameters<typeof openSqliteStore>[0]['log'],
  registry: ReturnType<typeof createRegistry>,
) {
  try {
    return await openSqliteStore({
      directory,
      sealer: signerSealer(signer),
      clock: systemClock,
      log,
      metrics: createStoreMetrics(registry),
    })
  } catch (err) {
    // The store's own sentence says what is wrong and with which file.
    throw new UserError(messageOf(err), { cause: err })
  }
}

async function servingCertificate(signer: Signer, { dnsNames, ipAddresses }: ServerSettings, signal: AbortSignal) {
  const { keyPem, csr } = await createKeyAndCsr({ commonName: 'kube-apiserver' })
  const certificate = await signer.issueCertificate(
    { authority: 'serving', csr, commonName: 'kube-apiserver', organizations: [], dnsNames, ipAddresses, lifetimeSeconds: servingSeconds },
    signal,
  )
  return { certificate, key: keyPem }
}

async function listenOrExplain(listener: Listener, { host, port }: ServerSettings): Promise<void> {
  try {
    await listener.listen()
  } catch (err) {
    if (codeOf(err) === 'EADDRINUSE')
      throw new UserError(`Port ${port} on ${host} is taken by another program: stop it, or give another port with --port`, { cause: err })
    if (codeOf(err) === 'EADDRNOTAVAIL')
      throw new UserError(`This machine has no address ${host}: give one of its own with --bind-address`, { cause: err })
    if (codeOf(err) === 'EACCES')
      throw new UserError(`Port ${port} needs rights that the API server does not have: give a port above 1023 with --port`, { cause: err })
    throw err
  }
}

// Serves the API on an opened store: audit log, admission, listener, and the objects that each new cluster gets.
import { AuditLog, type AuditLogOptions } from '../../access/audit/audit-log.ts'
import { createKeyAndCsr } from '../../access/pki/key-and-csr.ts'
import { allowPrivileged } from '../../api/validation/pod/cluster-policy.ts'
import { connectArtifacts } from '../../artifacts/connect-artifacts.ts'
import { keepRenewed, validityOf } from '../../base/async/renewal.ts'
import { systemClock } from '../../base/clock.ts'
import type { Logger } from '../../base/log.ts'
import type { Registry } from '../../base/metrics/metrics.ts'
import { openFileLimit } from '../../base/metrics/open-file-limit.ts'
import { PartWatch } from '../../base/part-watch.ts'
import { codeOf, messageOf, UserError } from '../../base/user-error.ts'
import { keepHeapRoom } from '../../base/v8/heap-room.ts'
import { Client } from '../../client/client.ts'
import { openPolicyFolder } from '../../cluster/admission/policy-folder.ts'
import { checkpointSignerOf } from '../../cluster/audit-signer.ts'
import { bootstrap } from '../../cluster/bootstrap/bootstrap.ts'
import { openControlPlane } from '../../cluster/control-plane.ts'
import { type ConfigurationStates, ReloadedConfigurations } from '../../cluster/reloaded-configurations.ts'
import { LiveServers } from '../../cluster/servers/live-servers.ts'
import { serverIdentity } from '../../server/bootstrap.ts'
import { type ConnectionLimits, connectionsWithin, defaultConnectionLimits } from '../../server/http/limited-listener.ts'
import { Listener } from '../../server/http/listener.ts'
import { warmUpWrites } from '../../server/objects/warm-up-writes.ts'
import type { Signer } from '../../signer/signer.ts'
import type { Store } from '../../store/store.ts'
import { Departure } from './departure.ts'
import { ServerAuditOutputs } from './open-audit-outputs.ts'
import { storeClientId } from './open-server-store.ts'
import type { PartContext } from './part-process.ts'
import { finishRestored } from './restored-store.ts'
import { auditFolder, type ServerSettings } from './server.ts'
import { storeFailure } from './store-failure.ts'

export interface ServeApiOptions
  extends Pick<PartContext<ServerSettings, ConfigurationStates>, 'settings' | 'log' | 'signal' | 'ready' | 'onChange' | 'ends'> {
  /** The store that is being opened; the caller closes it. */
  readonly store: Promise<Store>
  readonly signer: Signer
  readonly metrics: Registry
}

/** How long a server that stops answers on, so that balancers see that it is not ready, and clients get other addresses. */
const balancersMs = 3_000
const servingSeconds = 30 * 86_400

/** Resolves when the signal has ended it. Rejects with a `UserError` if it cannot start. */
export async function serveApi({
  settings,
  store: opening,
  signer,
  metrics,
  log,
  signal: stop,
  ready,
  onChange,
  ends,
}: ServeApiOptions): Promise<void> {
  allowPrivileged(settings.allowPrivileged)
  const clock = systemClock
  const departure = new Departure(stop, clock)
  const { signal } = departure
  await using stack = new AsyncDisposableStack()
  // Before anything is served, because a server must not run with half of its rules.
  const { policyDirectory, features } = settings
  const policies = policyDirectory === undefined ? undefined : openPolicyFolder(policyDirectory, { clock, log, features })
  const firstServing = servingCertificate(signer, settings, signal)
  // Awaited below; an earlier failure must not become an unhandled rejection.
  firstServing.catch(() => undefined)
  let outputs: ServerAuditOutputs | undefined
  const [store, audit] = await Promise.all([
    opening,
    openAuditLog(
      { settings, signer, log, signal },
      {
        onCheckpoint: note => outputs?.follow(note),
        neededFile: () => outputs?.needs ?? Number.POSITIVE_INFINITY,
      },
    ),
  ])
  stack.use(audit)
  const opened = stack.use(await ServerAuditOutputs.open({ audit, signer, settings, signal }))
  outputs = opened
  const failure = storeFailure(store, log)
  failure.catch(ends)
  const { authentication, authorization } = settings.configurations
  let configurations: ReloadedConfigurations | undefined
  const signerWatch = new PartWatch({ name: 'the signer', ask: until => signer.tokenKeys(until), clock, log })
  const artifacts = stack.use(connectArtifacts(settings.artifactsSocket, { clock, log }))
  const artifactsWatch = new PartWatch({ name: 'the part "artifacts"', ask: until => artifacts.alive(until), clock, log })
  const server = stack.use(
    await openControlPlane({
      store,
      signer,
      audit,
      profile: settings.profile,
      ...(settings.dataClasses === undefined ? {} : { dataClasses: settings.dataClasses }),
      ...(policies ? { policies } : {}),
      serviceCidr: settings.serviceCidr,
      admission: settings.admission,
      ...(authentication === undefined ? {} : { authentication: authentication.settings }),
      ...(settings.tokenWebhook === undefined ? {} : { tokenWebhook: settings.tokenWebhook }),
      bootstrapTokens: settings.bootstrapTokens,
      ...(authorization === undefined ? {} : { authorization: authorization.settings }),
      reloads: replace => {
        configurations = new ReloadedConfigurations(settings.configurations, replace, { metrics, clock, log })
      },
      witnessNodes: nodes => opened.witnessNodes(nodes),
      features,
      furtherSettings: () => ({
        auditPolicy: settings.auditPolicy,
        dataClasses: settings.dataClasses,
        allowPrivileged: settings.allowPrivileged,
        files: Object.values(configurations?.shown() ?? {}).map(({ hash }) => hash),
      }),
      images: artifacts,
      auditFolder: auditFolder(settings.directory),
      ...(settings.registry === undefined ? {} : { registry: settings.registry }),
      checks: [
        { name: 'signer', readinessOnly: true, check: () => signerWatch.check() },
        { name: 'artifacts', readinessOnly: true, check: () => artifactsWatch.check() },
      ],
      clock,
      log,
      metrics,
      signal,
    }),
  )
  for (const watch of [signerWatch, artifactsWatch]) server.runAlongside(until => watch.run(until))
  let serving = await firstServing
  const listener = stack.use(
    new Listener({
      hosts: settings.hosts,
      port: settings.port,
      serving,
      clientAuthorities: await signer.authority('client', signal),
      handle: server.handle,
      connections: connectionsFor(log),
      log,
    }),
  )
  await finishRestored({
    ...{ directory: settings.directory, auditFolder: auditFolder(settings.directory) },
    ...{ store, server, signer, clock, log, signal },
  })
  await listenOrExplain(listener, settings)
  onChange(states => {
    configurations?.take(states)
    return { configurations: configurations?.shown() }
  })
  const { serviceIp, advertised, port } = settings
  // In the data directory, the store has this server only.
  const endpoint = { serviceIp, address: settings.etcd === undefined ? advertised : undefined, port }
  await bootstrap({
    server,
    store,
    signer,
    endpoint,
    dnsAddress: settings.dnsAddress,
    ...(settings.registry === undefined
      ? {}
      : { registry: { ...settings.registry, authority: await signer.authority('registry', signal) } }),
    namespaceDefaults: settings.profile === 'secure',
    signal,
  })
  if (settings.etcd !== undefined) {
    const live = new LiveServers({
      client: new Client(stack.use(server.transportFor(serverIdentity))),
      ensureObjects: (objects, overwrite) => server.ensureObjects(objects, overwrite),
      id: await storeClientId(settings.directory),
      ...{ address: advertised, port, clock, log },
    })
    server.runAlongside(until => live.run(until))
    departure.prepare(async () => {
      server.beginLeaving()
      await live.leave()
      return store.isShared ? balancersMs : 0
    })
  }
  ready(
    { objects: store.status().objects, configurations: configurations?.shown() },
    async () => void (await warmUpWrites(clock.now(), signal)),
  )
  stack.use(keepHeapRoom())
  const renewals = keepRenewed(
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
  await Promise.race([renewals, failure])
}

function connectionsFor(log: Logger): ConnectionLimits {
  const files = openFileLimit()
  const limits = connectionsWithin(files)
  if (limits !== defaultConnectionLimits)
    log.info('the limit for open files is low, so fewer connections are accepted', { files, ...limits })
  return limits
}

async function openAuditLog(
  { settings, signer, log, signal }: Pick<ServeApiOptions, 'settings' | 'signer' | 'log' | 'signal'>,
  followed: Required<Pick<AuditLogOptions, 'onCheckpoint' | 'neededFile'>>,
): Promise<AuditLog> {
  const directory = auditFolder(settings.directory)
  try {
    return await AuditLog.open({
      directory,
      clock: systemClock,
      log,
      signer: await checkpointSignerOf(signer, signal),
      ...(settings.auditPolicy === undefined ? {} : { policy: settings.auditPolicy }),
      keepsWrites: settings.profile === 'secure',
      seal: settings.auditOutputs?.seal ?? [],
      ...followed,
    })
  } catch (err) {
    const what = `Cannot open the audit log in "${directory}": ${messageOf(err)}`
    throw new UserError(
      `${what}. Fix that or restore the folder from a backup. To begin a new log, move the folder away, and "audit-epoch.json" of the signer's folder, and write {} into "audit-head.json" there`,
      { cause: err },
    )
  }
}

async function servingCertificate(signer: Signer, { dnsNames, ipAddresses }: ServerSettings, signal: AbortSignal) {
  const { keyPem, csr } = await createKeyAndCsr({ commonName: 'kube-apiserver' })
  const certificate = await signer.issueCertificate(
    { authority: 'serving', csr, commonName: 'kube-apiserver', organizations: [], dnsNames, ipAddresses, lifetimeSeconds: servingSeconds },
    signal,
  )
  // A machine that joins finds the authority in the chain, by the digest that it was given.
  const authority = await signer.authority('serving', signal)
  return { certificate: `${certificate.trimEnd()}\n${authority}`, key: keyPem }
}

async function listenOrExplain(listener: Listener, { hosts, port }: ServerSettings): Promise<void> {
  const host = hosts.join(' or ')
  try {
    await listener.listen()
  } catch (err) {
    if (codeOf(err) === 'EADDRINUSE')
      throw new UserError(`Port ${port} on ${host} is in use by another program: stop it, or choose another port with --port`, {
        cause: err,
      })
    if (codeOf(err) === 'EADDRNOTAVAIL')
      throw new UserError(`This machine has no address ${host}: choose one of its own with --bind-address`, { cause: err })
    if (codeOf(err) === 'EACCES')
      throw new UserError(`Port ${port} needs rights that the API server does not have: choose a port above 1023 with --port`, {
        cause: err,
      })
    throw err
  }
}

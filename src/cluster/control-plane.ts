// Wires the API server to its store, signer, access control and admission, for the server process and for a cluster in one process.

import type { AccessVerdict } from '../access/access.ts'
import { createExplainAccess } from '../access/rights/explain-access.ts'
import { reviewedRules } from '../access/rights/reviewed-rules.ts'
import { noFeatures } from '../api/features.ts'
import { resourcesWith } from '../api/resources/index.ts'
import type { Backup, ProofResult } from '../api/types/bulkhead-v1alpha1.ts'
import type { AdvisorySource } from '../api/types/supply-v1.ts'
import { type ApiServer, createApiServer } from '../server/api-server.ts'
import { anyOrigin } from '../server/proxy/streams/own-origin.ts'
import { openServerView } from '../server/server-view.ts'
import { createStoreView } from '../store/store-view.ts'
import { frontProxyIdentity } from './access/front-proxy-identity.ts'
import { openVolumeKey } from './access/open-volume-key.ts'
import { fixedPolicies } from './admission/fixed-policies.ts'
import { quotaController, runQuotaStatus } from './admission/quota-status.ts'
import { registerAdvisoryMetrics } from './advisory-metrics.ts'
import { registerBackupMetrics } from './backup-metrics.ts'
import { BreakGlassAlarm } from './break-glass.ts'
import type { ControlPlaneOptions } from './control-plane-options.ts'
import { createDataClasses } from './data-classes.ts'
import { reportRefusedTunnels } from './nodes/tunnel-events.ts'
import { followWitnessNodes } from './nodes/witness-nodes.ts'
import { openAccess } from './open-access.ts'
import { openAdmission } from './open-admission.ts'
import { registerProofMetrics } from './proof-metrics.ts'
import { runningBuild } from './running-build.ts'
import { openWebhooks, recordWebhookFailures } from './webhooks.ts'

/** The server answers at once; it is ready after `bootstrap`. */
export async function openControlPlane(options: ControlPlaneOptions): Promise<ApiServer> {
  const { store, signer, audit, profile, policies, clock, log, metrics, signal, features = noFeatures } = options
  const secure = profile === 'secure'

  const serverView = openServerView({ store, builtIn: resourcesWith(features.groupVersions), log })
  const view = createStoreView(store, log, signal)
  const webhooks = openWebhooks({ view: serverView, clock, log }, signal)
  const access = await openAccess(options, { view, server: serverView, webhooks })
  const dataClasses = createDataClasses({
    view,
    ...(options.dataClasses === undefined ? {} : { handling: options.dataClasses }),
    seals: namespace => audit.seals?.(namespace) ?? false,
  })
  const { chain: admission, ledger, shipped } = openAdmission(options, { view, server: serverView, webhooks, access, classes: dataClasses })
  const servingAuthority = await signer.authority('serving', signal)

  const { authenticate, denyList, authorization, rbac, denyRules, anonymousPaths } = access
  const { reviewToken, issueToken, reviewRegistryToken, issueRegistryToken, oidc } = access
  const breakGlass = new BreakGlassAlarm({ clock, log })
  const server = createApiServer({
    view: serverView,
    dataClasses,
    authenticate: breakGlass.watching(authenticate),
    onActingMaster: breakGlass.acting,
    ...{ denyList, reviewToken, issueToken, reviewRegistryToken, issueRegistryToken, oidc, admission, audit, clock, log, metrics },
    authorize: options.offline === true && options.alwaysAllow === true ? letPass : authorization.authorize,
    openVolumeKey: openVolumeKey(signer),
    serviceCidr: options.serviceCidr,
    conversionSender: webhooks.conversion,
    backendTls: { authorities: servingAuthority, verify: secure },
    ...(secure ? {} : { checkOrigin: anyOrigin, isolates: false }),
    frontProxyIdentity: frontProxyIdentity(signer, clock),
    ...(anonymousPaths === undefined ? {} : { anonymousPaths }),
    ...(options.checks === undefined ? {} : { checks: options.checks }),
    aggregates: options.offline !== true,
    explainAccess: createExplainAccess(rbac),
    everyBasis: denyRules,
    software: { view, ...(options.images === undefined ? {} : { search: options.images }) },
    filePolicies: fixedPolicies(shipped, policies),
    running: () => runningBuild(options),
    ...(options.auditFolder === undefined ? {} : { auditFolder: options.auditFolder }),
    rulesFor: (user, namespace) => reviewedRules(authorization.authorizers, rbac, denyRules, user, namespace),
  })

  if (policies) server.runAlongside(until => policies.run(until))
  if (options.keepsQuotaStatus !== false)
    server.runAlongside(async until => {
      await using transport = server.transportFor(quotaController)
      await runQuotaStatus({ ledger, transport, clock, log }, until)
    })
  reportRefusedTunnels(server, { clock, log })
  breakGlass.attach(server)
  recordWebhookFailures(server, webhooks, { clock, log })
  registerProofMetrics(metrics, () => view.list('proofresults.bulkhead.dev') as ProofResult[])
  registerBackupMetrics(metrics, () => view.list('backups.bulkhead.dev') as Backup[], clock)
  registerAdvisoryMetrics(metrics, () => view.list('advisorysources.supply.bulkhead.dev') as AdvisorySource[])
  options.reloads?.(access.replace)
  options.witnessNodes?.(followWitnessNodes({ view, tunnels: server.nodeTunnels }))
  return server
}

const letPass = async (): Promise<AccessVerdict> => ({ allowed: true, authorizer: 'AlwaysAllow', reason: '' })

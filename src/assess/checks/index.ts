// All checks of manifests beside admission, in the order of lists of rules.
import type { ManifestCheck } from '../manifest-check.ts'
import { danglingClaim } from './dangling-claim.ts'
import { danglingConfigMap } from './dangling-config-map.ts'
import { danglingRole } from './dangling-role.ts'
import { danglingSecret } from './dangling-secret.ts'
import { danglingService } from './dangling-service.ts'
import { danglingServiceAccount } from './dangling-service-account.ts'
import { defaultNamespace } from './default-namespace.ts'
import { deprecatedApi } from './deprecated-api.ts'
import { imageDigest } from './image-digest.ts'
import { imageTag } from './image-tag.ts'
import { ingressTls } from './ingress-tls.ts'
import { literalSecret } from './literal-secret.ts'
import { namespaceLevel } from './namespace-level.ts'
import { networkPolicy } from './network-policy.ts'
import { probes } from './probes.ts'
import { rbacClusterAdmin } from './rbac-cluster-admin.ts'
import { rbacDefaultAccount } from './rbac-default-account.ts'
import { rbacEscalation } from './rbac-escalation.ts'
import { rbacSecrets } from './rbac-secrets.ts'
import { rbacSubjects } from './rbac-subjects.ts'
import { rbacWildcard } from './rbac-wildcard.ts'
import { rbacWorkloads } from './rbac-workloads.ts'
import { readOnlyRoot } from './read-only-root.ts'
import { resources } from './resources.ts'
import { secretEnv } from './secret-env.ts'
import { secretInManifest } from './secret-in-manifest.ts'
import { serviceExposure } from './service-exposure.ts'
import { tokenAutomount } from './token-automount.ts'

export const manifestChecks: readonly ManifestCheck[] = [
  danglingClaim,
  danglingConfigMap,
  danglingRole,
  danglingSecret,
  danglingServiceAccount,
  danglingService,
  defaultNamespace,
  deprecatedApi,
  imageDigest,
  imageTag,
  ingressTls,
  literalSecret,
  namespaceLevel,
  networkPolicy,
  probes,
  rbacClusterAdmin,
  rbacDefaultAccount,
  rbacEscalation,
  rbacSecrets,
  rbacSubjects,
  rbacWildcard,
  rbacWorkloads,
  readOnlyRoot,
  resources,
  secretEnv,
  secretInManifest,
  serviceExposure,
  tokenAutomount,
]

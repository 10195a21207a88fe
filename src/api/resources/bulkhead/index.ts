// The kinds of this group: Bulkhead's own.
import type { ResourceDefinition } from '../resource.ts'
import { backup } from './backup.ts'
import { backupSchedule } from './backup-schedule.ts'
import { clusterDefaults } from './cluster-defaults.ts'
import { denyRule } from './deny-rule.ts'
import { localVolume } from './local-volume.ts'
import { namespaceLabels } from './namespace-labels.ts'
import { nodeLink } from './node-link.ts'
import { podAddress } from './pod-address.ts'
import { podSecurityException } from './pod-security-exception.ts'
import { proofResult } from './proof-result.ts'

export const bulkheadResources: readonly ResourceDefinition[] = [
  backup,
  backupSchedule,
  clusterDefaults,
  denyRule,
  localVolume,
  namespaceLabels,
  nodeLink,
  podAddress,
  podSecurityException,
  proofResult,
]

// Every check of `bulkhead doctor`, in the order of the report.
import type { Check } from '../check.ts'
import { api } from './api.ts'
import { appArmor } from './apparmor.ts'
import { auditLog } from './audit-log.ts'
import { backups } from './backups.ts'
import { bridge } from './bridge.ts'
import { bridgeFilter } from './bridge-filter.ts'
import { certificates } from './certificates.ts'
import { cgroups } from './cgroups.ts'
import { clockNodes } from './clock-nodes.ts'
import { clockPlausible } from './clock-plausible.ts'
import { clockServer } from './clock-server.ts'
import { clockSynchronized } from './clock-synchronized.ts'
import { conntrack } from './conntrack.ts'
import { dataFilesystem } from './data-filesystem.ts'
import { dataRights } from './data-rights.ts'
import { dataVersionCheck } from './data-version.ts'
import { diskInodes } from './disk-inodes.ts'
import { diskSpace } from './disk-space.ts'
import { dmCrypt } from './dm-crypt.ts'
import { fuse } from './fuse.ts'
import { inotify } from './inotify.ts'
import { ipForward } from './ip-forward.ts'
import { knownWeaknessesCheck } from './known-weaknesses.ts'
import { leftovers } from './leftovers.ts'
import { memory } from './memory.ts'
import { nftables } from './nftables.ts'
import { nodePrograms } from './node-programs.ts'
import { nodejs } from './nodejs.ts'
import { openFiles } from './open-files.ts'
import { otherClusters } from './other-clusters.ts'
import { overlay } from './overlay.ts'
import { packageFiles } from './package-files.ts'
import { parts } from './parts.ts'
import { portApi } from './port-api.ts'
import { portDns } from './port-dns.ts'
import { portLinks } from './port-links.ts'
import { portRegistry } from './port-registry.ts'
import { processIds } from './process-ids.ts'
import { seccomp } from './seccomp.ts'
import { serviceManager } from './service-manager.ts'
import { swap } from './swap.ts'
import { userNamespaces } from './user-namespaces.ts'
import { virtualLinks } from './virtual-links.ts'
import { wireguard } from './wireguard.ts'

export const checks: readonly Check[] = [
  clockSynchronized,
  clockPlausible,
  clockServer,
  clockNodes,
  diskSpace,
  diskInodes,
  cgroups,
  userNamespaces,
  seccomp,
  overlay,
  nftables,
  conntrack,
  virtualLinks,
  bridge,
  wireguard,
  fuse,
  dmCrypt,
  appArmor,
  ipForward,
  bridgeFilter,
  openFiles,
  inotify,
  processIds,
  memory,
  swap,
  nodePrograms,
  knownWeaknessesCheck,
  nodejs,
  packageFiles,
  serviceManager,
  portApi,
  portRegistry,
  portLinks,
  portDns,
  dataVersionCheck,
  dataRights,
  dataFilesystem,
  certificates,
  auditLog,
  parts,
  api,
  backups,
  leftovers,
  otherClusters,
]

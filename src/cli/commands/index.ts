// Every command of `bulkhead`, by its name. The hidden ones are parts that `up` starts.
import { advisoriesCommand } from './advisories.ts'
import { auditCommand } from './audit.ts'
import { backupCommand } from './backup.ts'
import { checkCommand } from './check.ts'
import { devCommand } from './dev.ts'
import { doctorCommand } from './doctor.ts'
import { evidenceCommand } from './evidence.ts'
import { imageCommand } from './image.ts'
import { joinCommand } from './join.ts'
import { joinTicketCommand } from './join-ticket.ts'
import { nodeCommand } from './node.ts'
import { partCommand } from './part.ts'
import { policyCommand } from './policy.ts'
import { proveCommand } from './prove.ts'
import { registryCommand } from './registry.ts'
import { resetCommand } from './reset.ts'
import { sbomCommand } from './sbom.ts'
import { scanCommand } from './scan.ts'
import { serviceCommand } from './service.ts'
import { signCommand } from './sign.ts'
import { statusCommand } from './status.ts'
import { storeCommand } from './store.ts'
import { trustCommand } from './trust.ts'
import { upCommand } from './up.ts'
import { updatesCommand } from './updates.ts'
import { upgradeCommand } from './upgrade.ts'
import { verifyCommand } from './verify.ts'
import { whereCommand } from './where.ts'
import { whyCommand } from './why.ts'

export const commands = {
  up: upCommand,
  status: statusCommand,
  prove: proveCommand,
  evidence: evidenceCommand,
  audit: auditCommand,
  why: whyCommand,
  check: checkCommand,
  policy: policyCommand,
  sign: signCommand,
  verify: verifyCommand,
  dev: devCommand,
  trust: trustCommand,
  image: imageCommand,
  registry: registryCommand,
  sbom: sbomCommand,
  scan: scanCommand,
  advisories: advisoriesCommand,
  where: whereCommand,
  updates: updatesCommand,
  join: joinCommand,
  joinTicket: joinTicketCommand,
  node: nodeCommand,
  store: storeCommand,
  service: serviceCommand,
  upgrade: upgradeCommand,
  backup: backupCommand,
  doctor: doctorCommand,
  reset: resetCommand,
  signer: partCommand('signer', async () => (await import('../parts/signer.ts')).signerPart),
  server: partCommand('server', async () => (await import('../parts/server.ts')).serverPart),
  controllers: partCommand('controllers', async () => (await import('../parts/controllers.ts')).controllersPart),
  dns: partCommand('dns', async () => (await import('../parts/dns.ts')).dnsPart),
  'registry-front': partCommand('registry-front', async () => (await import('../parts/registry-front.ts')).registryFrontPart),
  'registry-store': partCommand('registry-store', async () => (await import('../parts/registry-store.ts')).registryStorePart),
  etcd: partCommand('etcd', async () => (await import('../parts/etcd.ts')).etcdPart),
  storeCopy: partCommand('store-copy', async () => (await import('../parts/store-copy.ts')).storeCopyPart),
  backups: partCommand('backups', async () => (await import('../parts/backup.ts')).backupPart),
  artifacts: partCommand('artifacts', async () => (await import('../parts/artifacts.ts')).artifactsPart),
}

export const hiddenCommands = {
  ...{ signer: true, server: true, controllers: true, dns: true, artifacts: true },
  ...{ 'registry-front': true, 'registry-store': true, storeCopy: true, backups: true, etcd: true },
} as const

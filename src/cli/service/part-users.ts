// The users of a service's parts. systemd runs units only as users that the machine knows, so each number gets a name (sysusers.d(5)).
import { mkdirSync, rmSync } from 'node:fs'
import { dirname } from 'node:path'
import { replaceFile } from '../../base/files/replace-file.ts'
import { runProgram } from '../../network/command.ts'
import type { Identity } from '../up/part-identities.ts'

const filePath = (service: string): string => `/etc/sysusers.d/${service}.conf`

/** By the number. Pure. */
export function userNames(service: string, identity: Identity): ReadonlyMap<number, string> {
  const { registryFront, registryStore, ...parts } = identity
  const named = { ...parts, 'registry-front': registryFront, 'registry-store': registryStore }
  return new Map(Object.entries(named).map(([part, user]) => [user, `${service}-${part}`]))
}

/** Users without a shell, a password or a home. */
export async function createUsers(service: string, identity: Identity): Promise<void> {
  const lines = [...userNames(service, identity)].map(([user, name]) => `u ${name} ${user} "Part of ${service}" -`)
  mkdirSync(dirname(filePath(service)), { recursive: true, mode: 0o755 })
  await replaceFile(filePath(service), `# Written by "bulkhead service install".\n${lines.join('\n')}\n`, 0o644)
  await runProgram('systemd-sysusers', [filePath(service)])
}

/** Their files keep the numbers. Repeatable. */
export async function removeUsers(service: string, identity: Identity): Promise<void> {
  rmSync(filePath(service), { force: true })
  const known = await runProgram('getent', ['passwd'])
  for (const [user, name] of userNames(service, identity)) if (known.includes(`\n${name}:x:${user}:`)) await runProgram('userdel', [name])
}

import { containersOf } from '../../../api/pods/containers-of.ts'
import { type PodSecurityCheck, passed } from '../check.ts'
import { containers, quoted, sortedSet } from '../wording.ts'

/** The default set of container runtimes; NET_RAW is deliberately not in it, as upstream. */
const defaults: ReadonlySet<string> = new Set(
  'AUDIT_WRITE CHOWN DAC_OVERRIDE FOWNER FSETID KILL MKNOD NET_BIND_SERVICE SETFCAP SETGID SETPCAP SETUID SYS_CHROOT'.split(' '),
)
const forbidden = (added: readonly string[] | undefined): string[] => (added ?? []).filter(capability => !defaults.has(capability))

/** Capabilities beyond the runtime's default set (SYS_ADMIN, SYS_PTRACE, NET_RAW …) break out of the container or forge packets. */
export const capabilitiesBaseline: PodSecurityCheck = {
  id: 'capabilities_baseline',
  level: 'baseline',
  versions: [
    {
      since: 0,
      check({ visited }) {
        const bad = visited.filter(({ container }) => forbidden(container.securityContext?.capabilities?.add).length > 0)
        if (bad.length === 0) return passed
        const values = sortedSet(bad.flatMap(({ container }) => forbidden(container.securityContext?.capabilities?.add)))
        return {
          allowed: false,
          reason: 'non-default capabilities',
          detail: `${containers(bad.map(({ container }) => container.name))} must not include ${quoted(values)} in securityContext.capabilities.add`,
          fields: bad.map(({ path }) => `${path}.securityContext.capabilities.add`),
        }
      },
    },
  ],
  fix({ spec }) {
    for (const { container } of containersOf(spec)) {
      const capabilities = container.securityContext?.capabilities
      if (forbidden(capabilities?.add).length > 0 && capabilities?.add)
        capabilities.add = capabilities.add.filter(capability => defaults.has(capability))
    }
  },
}

// Sabotage of `bulkhead check`, and of the patches in refusals.
import type { Sabotage } from './sabotage.ts'

const checks = 'src/admission/pod-security/checks'

const sabotage = (name: string, file: string, from: string, to: string): Sabotage => ({ name, file, from, to, proof: 'D2' })

export const d2: readonly Sabotage[] = [
  sabotage(
    'the check knows no controllers of new namespaces',
    'src/cli/check/validate-offline.ts',
    '  await server.finishNamespaces()\n',
    '',
  ),
  sabotage(
    'the check evaluates in profile upstream',
    'src/cli/check/offline.ts',
    '...{ profile, features, alwaysAllow },',
    "...{ profile: 'upstream', features, alwaysAllow },",
  ),
  sabotage(
    'the patch names what the server added for AppArmor',
    'src/admission/pod-security/fix.ts',
    'const added = addedAppArmor(pod.metadata)',
    'const added = undefined as AddedAppArmor | undefined',
  ),
  sabotage(
    'the patch leaves options for Windows',
    `${checks}/host-process.ts`,
    'if (Object.keys(options).length === 0) delete securityContext.windowsOptions',
    '',
  ),
  sabotage(
    'the patch is for the pod, not for the template',
    'src/admission/pod-security/fix.ts',
    '    ...operation,\n    path: `',
    '    ...operation,\n    path: `/metadata',
  ),
  sabotage(
    'the patch of capabilities drops nothing',
    `${checks}/capabilities-restricted.ts`,
    "if (!context.capabilities.drop?.includes('ALL')) context.capabilities.drop = ['ALL']",
    '',
  ),
  sabotage(
    'the patch of a host port is not the one that is refused',
    `${checks}/host-ports.ts`,
    'for (const port of container.ports ?? []) delete port.hostPort',
    'delete container.ports?.[0]?.hostPort',
  ),
  sabotage(
    'the patch of the pod leaves user 0',
    `${checks}/run-as-user.ts`,
    'for (const { securityContext } of [spec, ...containersOf(spec)',
    'for (const { securityContext } of [...containersOf(spec)',
  ),
  sabotage(
    'the patch adds an empty security context to one that is empty',
    'src/admission/pod-security/fix.ts',
    'Object.keys(securityContext).length === 0 ? { ...original, spec: rest } : original',
    'Object.keys(securityContext).length < 0 ? { ...original, spec: rest } : original',
  ),
]

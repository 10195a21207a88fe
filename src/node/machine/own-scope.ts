// A scope of systemd for what outlives the agent.

/**
 * If this process is a service of systemd, the command that runs the program in a scope beside it: a service whose processes are still there cannot start
 * again, and containerd with its shims outlives a killed agent. `INVOCATION_ID` is in the environment of services alone (systemd.exec(5)).
 */
export function inOwnScope(command: readonly string[], environment: Readonly<Record<string, string | undefined>>): readonly string[] {
  if (environment['INVOCATION_ID'] === undefined) return command
  return ['systemd-run', '--scope', '--quiet', '--collect', '--description=Bulkhead: containerd', '--', ...command]
}

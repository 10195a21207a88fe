// Renders a folder with the kustomize of the installed kubectl.
import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { resolve as absolute, join } from 'node:path'
import { codeOf, messageOf, UserError } from '../../base/user-error.ts'
import { localInputs } from './kustomization-inputs.ts'
import { maxFileBytes } from './regular-file.ts'

const kustomizeTimeoutMs = 60_000

export interface KustomizeOptions {
  /** Whether kustomize may download remote bases. Default: false. */
  readonly allowRemote?: boolean
  readonly kubectl?: string
}

/** A second line of defence: if kustomize reads a name as remote although it looked local, neither git nor HTTP works. */
const offline = { GIT_ALLOW_PROTOCOL: 'none', HTTP_PROXY: 'http://127.0.0.1:0', HTTPS_PROXY: 'http://127.0.0.1:0', NO_PROXY: '' }

/**
 * Plugins that run programs and Helm charts stay off, as by kubectl's default. The folder's name is never read as a flag, and files that
 * kubectl writes into its working folder are removed with it. Throws a `UserError` for what cannot be built, or only with remote sources.
 */
export async function kustomize(folder: string, { allowRemote = false, kubectl = 'kubectl' }: KustomizeOptions = {}): Promise<string> {
  if (!allowRemote) localInputs(folder)
  const cwd = mkdtempSync(join(tmpdir(), 'bulkhead-kustomize-'))
  try {
    return await run(folder, kubectl, { cwd, env: allowRemote ? process.env : { ...process.env, ...offline } })
  } finally {
    rmSync(cwd, { recursive: true, force: true })
  }
}

function run(folder: string, kubectl: string, where: { readonly cwd: string; readonly env: NodeJS.ProcessEnv }): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>()
  const options = { encoding: 'utf8', maxBuffer: maxFileBytes, timeout: kustomizeTimeoutMs, ...where } as const
  execFile(kubectl, ['kustomize', '--', absolute(folder)], options, (err, stdout, stderr) => {
    if (err === null) resolve(stdout)
    else reject(new UserError(problem(folder, err, stderr), { cause: err }))
  })
  return promise
}

function problem(folder: string, err: Error & { killed?: boolean }, stderr: string): string {
  const code = codeOf(err)
  if (code === 'ENOENT')
    return `"${folder}" has a kustomization, but kubectl, which builds it, is not installed: install kubectl, or pipe "kustomize build ${folder}" into "bulkhead check -"`
  if (code === 'ERR_CHILD_PROCESS_STDIO_MAXBUFFER') return `the output of kustomize for "${folder}" has more than ${maxFileBytes} bytes`
  if (err.killed === true) return `kustomize took more than ${kustomizeTimeoutMs / 1000} s for "${folder}"`
  return `kustomize cannot build "${folder}": ${stderr.trim() || messageOf(err)}`
}

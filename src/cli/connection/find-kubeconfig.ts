// Finds the cluster that a command talks to, in the same order for every command.
import { existsSync } from 'node:fs'
import { delimiter } from 'node:path'
import { codeOf, messageOf, UserError } from '../../base/user-error.ts'
import { type Kubeconfig, readKubeconfig } from '../../client/transport/kubeconfig.ts'
import { findDataDirectory } from './find-cluster.ts'

export interface ClusterChoice {
  readonly kubeconfig?: string
  readonly dataDir?: string
  readonly context?: string
}

export interface FoundKubeconfig {
  readonly path: string
  readonly config: Kubeconfig
}

/**
 * In this order: `--kubeconfig`, the administrator's kubeconfig in `--data-dir`, the first existing file in the variable KUBECONFIG,
 * `otherwise` (default: the administrator's kubeconfig in the default data directory). Throws a UserError if it cannot be used.
 */
export async function findKubeconfig(
  { kubeconfig, dataDir, context }: ClusterChoice,
  variable: string | undefined = process.env['KUBECONFIG'],
  otherwise = findDataDirectory(undefined).kubeconfig,
): Promise<FoundKubeconfig> {
  const path = kubeconfig ?? (dataDir === undefined ? ofVariable(variable) : findDataDirectory(dataDir).kubeconfig) ?? otherwise
  try {
    return { path, config: await readKubeconfig(path, context) }
  } catch (err) {
    // Also ENOENT if a certificate or token that the kubeconfig names is missing; that message names the file.
    if (codeOf(err) === 'ENOENT' && !existsSync(path)) {
      const advice = 'start a cluster with "bulkhead up", or name one with --kubeconfig, --data-dir or the variable KUBECONFIG'
      throw new UserError(`There is no kubeconfig "${path}": ${advice}`, { cause: err })
    }
    if (codeOf(err) === 'EACCES' && messageOf(err).includes(`'${path}'`)) {
      const advice = 'run as the user that started the cluster, or name another one with --kubeconfig or the variable KUBECONFIG'
      throw new UserError(`The kubeconfig "${path}" cannot be read by this user: ${advice}`, { cause: err })
    }
    throw new UserError(messageOf(err).includes(path) ? messageOf(err) : `Cannot use kubeconfig "${path}": ${messageOf(err)}`, {
      cause: err,
    })
  }
}

/** A list of files, as for kubectl. Missing files are skipped unless all are missing. */
function ofVariable(variable: string | undefined): string | undefined {
  const files = (variable ?? '').split(delimiter).filter(file => file !== '')
  return files.find(existsSync) ?? files[0]
}

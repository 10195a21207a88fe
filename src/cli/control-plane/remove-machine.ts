// `bulkhead node remove-member`: a machine that is gone leaves etcd, so that fewer machines are enough for a majority.
import { UserError } from '../../base/user-error.ts'
import { type EtcdMember, listMembers, removeMember } from '../../store/etcd/membership.ts'
import { writeControlPlane } from '../up/control-plane-record.ts'
import type { DataDirectory } from '../up/data-directory.ts'
import { type ClusterMembers, controlPlaneAt, openMembers } from './cluster-members.ts'

/** Rejects with a UserError if the member runs, is not known, or if those that are left would have no majority. */
export async function removeMachine(
  name: string,
  directory: DataDirectory,
  print: (line: string) => void,
  signal: AbortSignal,
): Promise<void> {
  const record = await controlPlaneAt(directory)
  using members = await openMembers(record, directory, signal)
  const all = await listMembers(members.etcd)
  const { leaving, staying } = await planRemoval(name, record.name, all, member => members.answers(member))
  await removeMember(members.etcd, leaving.ID)
  await writeControlPlane(directory.controlPlane, { ...record, members: record.members.filter(peer => peer.name !== name) })
  print(`"${name}" is no member of etcd any more. Members: ${staying.map(nameOf).join(', ')}.`)
  print('It had all keys of the cluster: destroy its data directory. If it was stolen, start a new cluster, and restore a backup there.')
}

/** Asks `answers` alone. `own` is the member of this machine; `listed` are in the order of etcd's random ids, and the result by name. */
export async function planRemoval(
  name: string,
  own: string,
  listed: readonly EtcdMember[],
  answers: ClusterMembers['answers'],
): Promise<{ readonly leaving: EtcdMember; readonly staying: readonly EtcdMember[] }> {
  const all = listed.toSorted((a, b) => (nameOf(a) < nameOf(b) ? -1 : 1))
  const leaving = all.find(member => member.name === name)
  const staying = all.filter(member => member !== leaving)
  if (leaving === undefined) throw new UserError(`etcd has no member "${name}": members are ${all.map(nameOf).join(', ')}`)
  if (name === own) throw new UserError(`"${name}" is this machine: run the command on another one of the control plane`)
  if (await answers(leaving))
    throw new UserError(
      `The member "${name}" of etcd runs: stop that machine first (Ctrl-C of "bulkhead up", or "systemctl stop bulkhead")`,
    )
  const voters = staying.filter(({ isLearner }) => !isLearner)
  const answered = await Promise.all(voters.map(answers))
  const alive = voters.filter((_, at) => answered[at])
  const needed = Math.floor(voters.length / 2) + 1
  if (alive.length < needed)
    throw new UserError(
      `Without "${name}" etcd needs ${needed} of ${voters.map(nameOf).join(', ')}, and ${alive.map(nameOf).join(', ') || 'none'} answers: start the others first`,
    )
  return { leaving, staying }
}

const nameOf = ({ name, ID }: EtcdMember): string => (name === '' ? `${ID} (never started)` : name)

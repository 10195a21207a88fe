import assert from 'node:assert/strict'
import { test } from 'node:test'
import { credentialRate, failureRate, RequestRates } from './request-rates.ts'

test('RequestRates limits a credential, and no other', () => {
  const rates = new RequestRates()
  for (let i = 0; i < credentialRate.burst; i++) rates.requireRoom('a', 'token', 0)
  assert.throws(() => rates.requireRoom('a', 'token', 0), /Too many requests come with this credential/)
  rates.requireRoom('a', 'other', 0)
  rates.requireRoom('a', 'token', 1000)
})

test('RequestRates limits wrong credentials of an address, and delays no credential that works', () => {
  const rates = new RequestRates()
  rates.requireRoom('a', 'good', 0)
  for (let i = 0; i <= failureRate.burst; i++) {
    rates.requireRoom('a', `bad${i}`, 0)
    rates.failed('a', `bad${i}`, 0)
  }
  assert.throws(() => rates.requireRoom('a', 'guess', 0), /of this address were refused/)
  rates.requireRoom('a', 'good', 0)
  rates.requireRoom('b', 'guess', 0)
  rates.requireRoom('a', 'guess', 2000)
})

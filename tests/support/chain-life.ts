import { type Abi, decodeFunctionResult, encodeFunctionData } from 'viem';
import { mnemonicToAccount } from 'viem/accounts';
import { artifacts } from '../../contracts/artifacts/index.ts';
import {
  batchHash,
  buildSumTree,
  type ChannelConfig,
  channelIdOf,
  groupDigest,
  groupOf,
  type Hex,
  keccak,
  lockIdOf,
  signDigest,
  typedDigest,
  utf8,
  voucherHash,
} from '../../packages/core/src/index.ts';
import { DEV_PHRASE } from '../../packages/server/src/settle/deploy/networks.ts';
import type { DeploymentRecord } from '../../packages/server/src/settle/deploy/record.ts';
import { CHAIN_ID, type ChainNode } from './chain-node.ts';

type Name = keyof typeof artifacts;
type Person = { readonly address: Hex; readonly key: Uint8Array };
type Channel = { readonly config: ChannelConfig; readonly id: Hex; readonly jobs: Hex[]; everDeposited: bigint };
type Call = readonly [on: Name, fn: string, args: readonly unknown[], value?: bigint];

const DAY_S = 86_400;
const ROLES = { governor: 0, guardian: 1, arbiter: 2, registrar: 3, proposer: 4 } as const;

/** Everybody on a local deployment, doing whatever may be done, by a seed. What a contract refuses is counted and left. */
export class ChainLife {
  done = 0;
  refused = 0;
  readonly #chain: ChainNode;
  readonly #record: DeploymentRecord;
  readonly #random: (below: number) => number;
  readonly #people: readonly Person[];
  readonly #channels: Channel[] = [];
  #providers: { readonly id: Hex; readonly operator: Person; readonly lanes: { id: Hex; nextSeq: bigint }[] }[] = [];
  readonly #batches: { laneId: Hex; seqFrom: bigint }[] = [];
  readonly #slashes: { on: Name; id: Hex; owner: Person }[] = [];
  readonly #listings: Hex[] = [];
  #count = 0;

  constructor(chain: ChainNode, record: DeploymentRecord, random: (below: number) => number) {
    this.#chain = chain;
    this.#record = record;
    this.#random = random;
    this.#people = Array.from({ length: 10 }, (_, addressIndex) => {
      const account = mnemonicToAccount(DEV_PHRASE, { addressIndex });
      return { address: account.address.toLowerCase() as Hex, key: account.getHdKey().privateKey as Uint8Array };
    });
  }

  /** Providers, oracles and credits, without which little can happen. */
  async begin(): Promise<void> {
    for (const person of this.#people) {
      await this.#must(person, ['TestAsset', 'mint', [person.address, 10n ** 12n]]);
      await this.#must(person, ['TestAsset', 'approve', [this.at('CreditToken'), 10n ** 18n]]);
      await this.#must(person, ['CreditToken', 'approve', [this.at('CreditVault'), 10n ** 18n]]);
      await this.#must(person, ['CreditToken', 'deposit', [person.address, 10n ** 10n]]);
    }
    for (const operator of this.#people.slice(5, 7)) {
      const salt = this.#fresh();
      await this.#must(operator, ['ProviderRegistry', 'register', [salt, operator.address, operator.address, this.#fresh()]]);
      const id = (await this.#view('ProviderRegistry', 'idOf', [operator.address, salt])) as Hex;
      await this.#must(operator, ['StakeManager', 'stakeProvider', [id], 10n ** 19n]);
      this.#providers.push({ id, operator, lanes: [] });
    }
    const oracles = this.#people.slice(5, 10);
    for (const oracle of oracles) {
      await this.#must(oracle, ['StakeManager', 'stakeOracle', [], 10n ** 19n]);
      await this.#must(oracle, ['QuorumVerifier', 'registerKey', [this.at('EcdsaScheme'), oracle.address, '0x']]);
    }
    await this.#must(this.#role('governor'), ['QuorumVerifier', 'rotate', [this.at('EcdsaScheme'), oracles.map(({ address }) => address)]]);
  }

  at(name: string): Hex {
    return this.#record.contracts[name]?.address.toLowerCase() as Hex;
  }

  /** Does one thing, chosen by the seed. */
  async live(): Promise<void> {
    const acts = [
      this.#openChannel,
      this.#useChannel,
      this.#useChannel,
      this.#claim,
      this.#claim,
      this.#pay,
      this.#stake,
      this.#slash,
      this.#escrow,
      this.#govern,
      this.#lanes,
      this.#post,
      this.#provide,
      this.#capability,
      this.#mint,
      this.#orders,
      this.#time,
    ];
    await this.#one(acts).call(this);
  }

  async #openChannel(): Promise<void> {
    const tenant = this.#anybody();
    const config: ChannelConfig = {
      tenant: tenant.address,
      payerAuthorizer: this.#anybody().address,
      providerId: this.#one(this.#providers).id,
      ceiling: BigInt(10_000 + this.#random(100_000)),
      validUntil: 4_000_000_000n,
      withdrawDelay: DAY_S + this.#random(DAY_S),
      salt: this.#fresh(),
    };
    const amount = BigInt(this.#random(5000));
    if (!(await this.#try(tenant, ['SessionChannels', 'open', [config, amount, '0x']]))) return;
    this.#channels.push({ config, id: channelIdOf(config, this.#domain('SessionChannels')), jobs: [], everDeposited: amount });
  }

  async #useChannel(): Promise<void> {
    const channel = this.#one(this.#channels);
    if (channel === undefined) return;
    const { config } = channel;
    const tenant = this.#people.find(({ address }) => address === config.tenant) as Person;
    const operator = this.#providers.find(({ id }) => id === config.providerId)?.operator as Person;
    const job = this.#fresh();
    const known = this.#one(channel.jobs) ?? job;
    const amount = BigInt(1 + this.#random(3000));
    const [by, ...call] = this.#one<[Person, ...Call]>([
      [this.#anybody(), 'SessionChannels', 'topUp', [config, amount]],
      [tenant, 'SessionChannels', 'topUp', [config, amount]],
      [tenant, 'SessionChannels', 'lock', [config, job, amount]],
      [tenant, 'SessionChannels', 'lock', [config, known, amount]],
      [operator, 'SessionChannels', 'unlock', [config, known]],
      [tenant, 'SessionChannels', 'requestWithdraw', [config]],
      [tenant, 'SessionChannels', 'cancelWithdraw', [config]],
      [this.#anybody(), 'SessionChannels', 'finalize', [config]],
      ...(this.#random(4) === 0 ? [[operator, 'SessionChannels', 'close', [config]] as [Person, ...Call]] : []),
    ]);
    const isDone = await this.#try(by, call);
    if (isDone && call[1] === 'lock') channel.jobs.push(call[2][1] as Hex);
  }

  async #claim(): Promise<void> {
    const provider = this.#one(this.#providers);
    const chosen = this.#channels.filter(({ config }) => config.providerId === provider.id && this.#random(2) === 0).slice(-6);
    const claims = chosen.map(({ config, id, jobs }) => {
      const jobId = this.#random(3) === 0 ? this.#one(jobs) : undefined;
      const accountId = jobId === undefined ? id : lockIdOf(id, jobId);
      const total = BigInt(this.#random(6000));
      const digest = typedDigest(this.#domain('SessionChannels'), voucherHash({ channelId: accountId, maxClaimableAmount: total + 5n }));
      const authorizer = this.#people.find(({ address }) => address === config.payerAuthorizer) as Person;
      return {
        config,
        jobId: jobId ?? `0x${'0'.repeat(64)}`,
        maxClaimableAmount: total + 5n,
        totalClaimed: total,
        receiptCount: BigInt(this.#random(50)),
        receiptsRoot: this.#fresh(),
        voucherSignature: signDigest(digest, authorizer.key),
      };
    });
    if (claims.length > 0) await this.#try(provider.operator, ['SessionChannels', 'claimMany', [provider.id, claims, '0x']]);
  }

  async #pay(): Promise<void> {
    const key = keccak(utf8(this.#one(['tallystick.reserve', 'tallystick.protocol'])));
    const payee = this.#anybody();
    await this.#try(
      payee,
      this.#one<Call>([
        ['SettlementTreasury', 'payProvider', [this.#one(this.#providers).id]],
        ['SettlementTreasury', 'payBeneficiary', [key]],
        ['SettlementTreasury', 'payOracles', []],
        ['CreditToken', 'deposit', [payee.address, BigInt(1 + this.#random(1000))]],
        ['CreditToken', 'redeem', [payee.address, BigInt(1 + this.#random(1000))]],
      ]),
    );
    if (this.#random(4) > 0) return;
    const split = { oraclesBps: this.#random(500), reserveBps: this.#random(500), protocolBps: this.#random(500) };
    await this.#try(this.#role('governor'), ['SettlementTreasury', 'setSplit', [split]]);
  }

  async #stake(): Promise<void> {
    const { id, operator } = this.#one(this.#providers);
    const amount = BigInt(1 + this.#random(100)) * 10n ** 16n;
    await this.#try(
      operator,
      this.#one<Call>([
        ['StakeManager', 'stakeProvider', [id], amount],
        ['StakeManager', 'stakeOracle', [], amount],
        ['StakeManager', 'requestWithdraw', [id, amount]],
        ['StakeManager', 'cancelWithdraw', [id]],
        ['StakeManager', 'withdraw', [id, operator.address]],
      ]),
    );
  }

  async #slash(): Promise<void> {
    const { id, operator } = this.#one(this.#providers);
    if (this.#random(2) === 0 || this.#slashes.length === 0) {
      const reason = this.#fresh();
      const amount = BigInt(1 + this.#random(50)) * 10n ** 15n;
      if (!(await this.#try(this.#role('proposer'), ['StakeManager', 'proposeSlash', [id, amount, reason]]))) return;
      const slashId = (await this.#view('StakeManager', 'slashIdOf', [id, reason, false])) as Hex;
      this.#slashes.push({ on: 'StakeManager', id: slashId, owner: operator });
      return;
    }
    const slash = this.#one(this.#slashes);
    const [by, ...call] = this.#one<[Person, ...Call]>([
      [slash.owner, slash.on, 'appeal', [slash.id, this.#fresh()]],
      [this.#role('arbiter'), slash.on, 'decide', [slash.id, this.#random(2) === 0]],
      [this.#role('arbiter'), slash.on, 'dismiss', [slash.id]],
      [this.#anybody(), slash.on, 'execute', [slash.id]],
      [this.#people[7] as Person, slash.on, 'collect', [(this.#people[7] as Person).address]],
    ]);
    await this.#try(by, call);
  }

  async #escrow(): Promise<void> {
    const buyer = this.#anybody();
    const listing = this.#one(this.#listings) ?? this.#fresh();
    if (this.#listings.length < 4) this.#listings.push(listing, this.#fresh());
    const quota = BigInt(1 + this.#random(40)) * 10n ** 17n;
    const id = (await this.#view('PaymentEscrow', 'stakeIdOf', [buyer.address, listing])) as Hex;
    const isDone = await this.#try(
      buyer,
      this.#one<Call>([
        ['PaymentEscrow', 'stake', [listing, quota], 10n ** 18n],
        ['PaymentEscrow', 'stake', [listing, quota], 4n * 10n ** 17n],
        ['PaymentEscrow', 'upgrade', [listing, quota]],
        ['PaymentEscrow', 'requestWithdraw', [id, 10n ** 17n]],
        ['PaymentEscrow', 'withdraw', [id, buyer.address]],
      ]),
    );
    if (!isDone || this.#random(3) > 0) return;
    const reason = this.#fresh();
    if (!(await this.#try(this.#role('proposer'), ['PaymentEscrow', 'proposeSlash', [id, 10n ** 16n, reason]]))) return;
    const slashId = (await this.#view('PaymentEscrow', 'slashIdOf', [id, reason, false])) as Hex;
    this.#slashes.push({ on: 'PaymentEscrow', id: slashId, owner: buyer });
  }

  async #govern(): Promise<void> {
    const keys = (await this.#view('ParamGovernor', 'keys', [])) as readonly Hex[];
    const key = this.#one(keys);
    const [min, max] = (await this.#view('ParamGovernor', 'bounds', [key])) as readonly [bigint, bigint];
    const oracles = this.#people.slice(5, 10).map(({ address }) => address);
    const [by, ...call] = this.#one<[Person, ...Call]>([
      [this.#role('governor'), 'ParamGovernor', 'propose', [key, this.#random(2) === 0 ? min : (min + max) / 2n]],
      [this.#role('guardian'), 'ParamGovernor', 'withdraw', [key]],
      [this.#anybody(), 'ParamGovernor', 'enact', [key]],
      [this.#role('governor'), 'QuorumVerifier', 'rotate', [this.at('EcdsaScheme'), oracles]],
      [this.#anybody(), 'QuorumVerifier', 'review', [(await this.#view('QuorumVerifier', 'currentEpoch', [])) as bigint]],
      ...(this.#random(6) === 0 ? [[this.#role('guardian'), 'ParamGovernor', 'pause', []] as [Person, ...Call]] : []),
      [this.#role('guardian'), 'ParamGovernor', 'resume', []],
    ]);
    // The bounds of money stay as they are: little would be left to do otherwise.
    if (call[1] === 'propose' && /withdrawDelayMin|StakeMin/.test(Buffer.from(key.slice(2), 'hex').toString('latin1'))) return;
    await this.#try(by, call);
    if (call[1] === 'pause') await this.#try(this.#role('guardian'), ['ParamGovernor', 'resume', []]);
  }

  async #lanes(): Promise<void> {
    const { id, operator, lanes } = this.#one(this.#providers);
    if (lanes.length < 3 || this.#random(4) === 0) {
      const index = this.#count++;
      if (!(await this.#try(operator, ['UsageReceipts', 'registerLane', [id, index, operator.address, this.#random(2) === 0]]))) return;
      const laneId = (await this.#view('UsageReceipts', 'laneIdOf', [id, index])) as Hex;
      lanes.push({ id: laneId, nextSeq: 1n });
      return;
    }
    const lane = this.#one(lanes);
    const from = lane.nextSeq + BigInt(this.#random(20));
    const call: Call =
      this.#random(5) === 0
        ? ['UsageReceipts', 'closeLane', [lane.id]]
        : ['UsageReceipts', 'rotateSigner', [lane.id, this.#anybody().address, from]];
    await this.#try(operator, call);
  }

  async #post(): Promise<void> {
    const lane = this.#one(this.#one(this.#providers).lanes);
    if (lane === undefined) return;
    const old = this.#one(this.#batches);
    if (old !== undefined && this.#random(2) === 0) {
      await this.#try(this.#anybody(), ['UsageReceipts', 'finalise', [old.laneId, old.seqFrom]]);
      return;
    }
    const leaves = Array.from({ length: 1 + this.#random(9) }, () => ({ receiptHash: this.#fresh(), amount: BigInt(this.#random(1000)) }));
    const tree = buildSumTree(lane.id, lane.nextSeq, leaves);
    const epoch = (await this.#view('QuorumVerifier', 'currentEpoch', [])) as bigint;
    const { root, count, total, laneId, seqFrom } = tree;
    const batch = { root, dataHash: this.#fresh(), epoch, count, total, laneId, seqFrom, seqTo: seqFrom + BigInt(count) - 1n };
    const digest = typedDigest(this.#domain('UsageReceipts'), batchHash(batch));
    const signatures = this.#people.slice(5, 8).map(({ key }) => signDigest(digest, key).slice(2));
    // By the key of its first receipt: a batch that spans a rotation is refused, and a shorter one will come. A lane whose registration was orphaned has no key, and takes no batch.
    const signer = String(await this.#view('UsageReceipts', 'signerAt', [laneId, seqFrom])).toLowerCase();
    const { key } = this.#people.find(({ address }) => address === signer) ?? this.#anybody();
    const word = signDigest(groupDigest(groupOf(tree), this.#domain('UsageReceipts')), key);
    if (!(await this.#try(this.#anybody(), ['UsageReceipts', 'post', [batch, tree.top, word, `0x07${signatures.join('')}`]]))) return;
    this.#batches.push({ laneId, seqFrom });
    lane.nextSeq += BigInt(count);
  }

  async #provide(): Promise<void> {
    const { id, operator } = this.#one(this.#providers);
    const [by, ...call] = this.#one<[Person, ...Call]>([
      [operator, 'ProviderRegistry', 'proposePayout', [id, this.#anybody().address]],
      [operator, 'ProviderRegistry', 'cancelPayout', [id]],
      [this.#anybody(), 'ProviderRegistry', 'applyPayout', [id]],
      [operator, 'ProviderRegistry', 'setTariff', [id, this.#fresh()]],
      [operator, 'ProviderRegistry', 'setSigner', [id, operator.address]],
      [operator, 'ProviderRegistry', 'proposeOperator', [id, this.#anybody().address]],
      [this.#role('registrar'), 'ProviderRegistry', 'certify', [id, this.#random(4)]],
      [this.#role('arbiter'), 'ProviderRegistry', 'suspend', [id, (await this.#now()) + 100n, this.#fresh()]],
      [this.#role('arbiter'), 'ProviderRegistry', 'reinstate', [id]],
    ]);
    await this.#try(by, call);
  }

  async #capability(): Promise<void> {
    const issuer = this.#anybody();
    const [by, ...call] = this.#one<[Person, ...Call]>([
      [this.#role('registrar'), 'CapabilityAuthority', 'admitIssuer', [issuer.address, this.#fresh()]],
      [issuer, 'CapabilityAuthority', 'revokeMany', [[this.#fresh(), this.#fresh()]]],
      [issuer, 'CapabilityAuthority', 'raiseEpoch', []],
      [issuer, 'CapabilityAuthority', 'removeIssuer', [issuer.address]],
    ]);
    await this.#try(by, call);
  }

  async #mint(): Promise<void> {
    const { id, operator } = this.#one(this.#providers);
    const epoch = (await this.#view('SettlementTreasury', 'feeEpoch', [])) as bigint;
    const call: Call = this.#random(3) === 0 ? ['AITokenMinter', 'declareMode', [id, 1]] : ['AITokenMinter', 'mintEpoch', [id, epoch]];
    await this.#try(operator, call);
  }

  async #orders(): Promise<void> {
    const maker = this.#anybody();
    const [by, ...call] = this.#one<[Person, ...Call]>([
      [maker, 'OrderSettlement', 'cancelNonce', [BigInt(this.#random(1000))]],
      [maker, 'OrderSettlement', 'cancelBelow', [BigInt(this.#count++)]],
      [this.#role('governor'), 'OrderSettlement', 'setFee', [this.#random(100), this.#anybody().address]],
      [this.#role('governor'), 'OrderSettlement', 'admitToken', [this.at('TestAsset'), this.#random(2) === 0]],
      [maker, 'AIToken', 'burn', [1n]],
    ]);
    await this.#try(by, call);
  }

  async #time(): Promise<void> {
    await this.#chain.ask('evm_increaseTime', 600 + this.#random(this.#one([1, 1, 9]) * DAY_S));
    await this.#chain.mine();
  }

  async #now(): Promise<bigint> {
    const { timestamp } = (await this.#chain.ask('eth_getBlockByNumber', 'latest', false)) as { timestamp: Hex };
    return BigInt(timestamp);
  }

  #domain(name: string) {
    return { chainId: BigInt(CHAIN_ID), verifyingContract: this.at(name) };
  }

  #role(name: keyof typeof ROLES): Person {
    return this.#people[ROLES[name]] as Person;
  }

  #anybody(): Person {
    return this.#one(this.#people);
  }

  #one<T>(list: readonly T[]): T {
    return list[this.#random(Math.max(1, list.length))] as T;
  }

  #fresh(): Hex {
    return keccak(utf8(`fresh ${this.#count++} ${this.#random(1_000_000)}`));
  }

  async #must(by: Person, call: Call): Promise<void> {
    if (!(await this.#try(by, call))) throw new Error(`${call[0]}.${call[1]} was refused`);
  }

  async #try(by: Person, [on, fn, args, value = 0n]: Call): Promise<boolean> {
    const data = encodeFunctionData({ abi: artifacts[on].abi as Abi, functionName: fn, args: args as unknown[] });
    const hash = await this.#chain
      .ask('eth_sendTransaction', { from: by.address, to: this.at(on), data, value: `0x${value.toString(16)}` })
      .catch(() => null);
    if (hash === null) {
      this.refused += 1;
      return false;
    }
    for (;;) {
      const receipt = (await this.#chain.ask('eth_getTransactionReceipt', hash)) as { status: Hex } | null;
      if (receipt === null) continue;
      if (receipt.status !== '0x1') this.refused += 1;
      else this.done += 1;
      return receipt.status === '0x1';
    }
  }

  async #view(on: Name, fn: string, args: readonly unknown[]): Promise<unknown> {
    const abi = artifacts[on].abi as Abi;
    const data = encodeFunctionData({ abi, functionName: fn, args: args as unknown[] });
    const answer = (await this.#chain.ask('eth_call', { to: this.at(on), data }, 'latest')) as Hex;
    return decodeFunctionResult({ abi, functionName: fn, data: answer });
  }
}

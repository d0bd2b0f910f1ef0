// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ISessionChannels} from "../../src/interfaces/ISessionChannels.sol";
import {ISettlementTreasury} from "../../src/interfaces/ISettlementTreasury.sol";
import {MoneyFixture} from "./MoneyFixture.sol";

/// @notice Three tenants and two providers do whatever money allows, in any order, paused or not; a ghost ledger is kept beside, by plain sums.
/// An act that would be refused is left out, so a revert is a fault.
contract MoneyHandler is MoneyFixture {
    uint256 public constant TENANTS = 3;
    uint256 public constant PROVIDERS = 2;
    uint256 public constant CHANNELS_MAX = 10;
    uint256 public constant JOBS = 2;

    struct Ghost {
        uint128 deposited;
        uint128 claimed;
    }

    ISessionChannels.ChannelConfig[] private _configs;
    /// Accounts of channels and locks that were ever used.
    bytes32[] public accounts;
    mapping(bytes32 => bool) private _known;
    mapping(bytes32 => Ghost) public ghosts;
    mapping(bytes32 => uint128) public ghostOwed;
    /// All that was ever settled and all that was ever paid out of shares.
    uint256 public ghostSettled;
    uint256 public ghostPaid;
    uint256 public ghostIn;
    uint256 public ghostRefunded;

    function channelCount() external view returns (uint256) {
        return _configs.length;
    }

    function accountCount() external view returns (uint256) {
        return accounts.length;
    }

    function contracts() external view returns (address, address, address, address) {
        return (address(asset), address(credits), address(vault), address(treasury));
    }

    function tenantAt(uint256 index) public returns (address) {
        return named(string.concat("tenant ", vm.toString(index % TENANTS)));
    }

    function providerAt(uint256 index) public pure returns (bytes32) {
        return keccak256(abi.encode("provider", index % PROVIDERS));
    }

    /// Every address that can ever have credits.
    function holders() external returns (address[] memory all) {
        all = new address[](TENANTS + PROVIDERS + 9);
        for (uint256 i = 0; i < TENANTS; ++i) {
            all[i] = tenantAt(i);
        }
        for (uint256 i = 0; i < PROVIDERS; ++i) {
            all[TENANTS + i] = registry.payoutOf(providerAt(i));
        }
        address[5] memory five = oracles();
        for (uint256 i = 0; i < 5; ++i) {
            all[TENANTS + PROVIDERS + i] = five[i];
        }
        (all[TENANTS + PROVIDERS + 5], all[TENANTS + PROVIDERS + 6]) = (reservePayout, protocolPayout);
        (all[TENANTS + PROVIDERS + 7], all[TENANTS + PROVIDERS + 8]) = (address(vault), tenant);
    }

    function setUp() public override {
        super.setUp();
        for (uint256 i = 0; i < PROVIDERS; ++i) {
            string memory number = vm.toString(i);
            registry.set(
                providerAt(i),
                named(string.concat("operator ", number)),
                named(string.concat("signer ", number)),
                named(string.concat("payout ", number))
            );
        }
        for (uint256 i = 0; i < TENANTS; ++i) {
            _give(tenantAt(i), 1_000_000);
        }
    }

    // What enters.

    function deposit(uint256 who, uint256 amount) external {
        if (_paused()) return;
        _give(tenantAt(who), bound(amount, 1, 1_000_000));
    }

    function redeem(uint256 who, uint256 amount) external {
        address from = tenantAt(who);
        uint256 held = credits.balanceOf(from);
        if (held == 0) return;
        vm.prank(from);
        credits.redeem(from, bound(amount, 1, held));
    }

    function open(uint256 who, uint256 whom, uint128 amount, uint256 terms) external {
        if (_paused() || _configs.length == CHANNELS_MAX) return;
        address from = tenantAt(who);
        ISessionChannels.ChannelConfig memory config = ISessionChannels.ChannelConfig({
            tenant: from,
            payerAuthorizer: authorizer,
            providerId: providerAt(whom),
            ceiling: 10_000_000,
            validUntil: uint64(block.timestamp + bound(terms, 1 days, 20 days)),
            withdrawDelay: uint32(bound(terms >> 64, 24 hours, 5 days)),
            salt: bytes32(_configs.length)
        });
        amount = uint128(bound(amount, 0, _least(credits.balanceOf(from), config.ceiling)));
        _configs.push(config);
        _in(_open(config, amount), amount);
    }

    function topUp(uint256 which, uint256 who, uint128 amount) external {
        if (_paused() || _configs.length == 0) return;
        ISessionChannels.ChannelConfig memory config = _at(which);
        bytes32 id = _channelId(config);
        ISessionChannels.Channel memory channel = channels.channelOf(id);
        address from = tenantAt(who);
        uint256 most = _least(credits.balanceOf(from), config.ceiling - channel.everDeposited);
        if (channel.status != ISessionChannels.Status.Open || block.timestamp > config.validUntil || most == 0) return;
        amount = uint128(bound(amount, 1, most));
        vm.prank(from);
        channels.topUp(config, amount);
        _in(id, amount);
    }

    // What moves within.

    function lock(uint256 which, uint256 job, uint128 amount) external {
        if (_paused() || _configs.length == 0) return;
        ISessionChannels.ChannelConfig memory config = _at(which);
        bytes32 id = _channelId(config);
        Ghost memory ghost = ghosts[id];
        uint128 free = ghost.deposited - ghost.claimed;
        if (channels.channelOf(id).status != ISessionChannels.Status.Open || block.timestamp > config.validUntil || free == 0) return;
        amount = uint128(bound(amount, 1, free));
        bytes32 lockId = _lock(config, _jobAt(job), amount);
        _know(lockId);
        ghosts[id].deposited -= amount;
        ghosts[lockId].deposited += amount;
    }

    /// Two claims of one call, of the same account or of two, with any totals: older, equal, higher, above the deposit.
    function claim(uint256 which, uint256 jobs, uint128 first, uint128 second, bool bySignature) external {
        if (_configs.length == 0) return;
        ISessionChannels.ChannelConfig memory config = _at(which);
        if (block.timestamp >= uint256(config.validUntil) + config.withdrawDelay) return;
        ISessionChannels.Claim[] memory claims = new ISessionChannels.Claim[](2);
        bytes32[] memory ids = new bytes32[](2);
        uint128 rise;
        for (uint256 i = 0; i < 2; ++i) {
            bytes32 jobId = (jobs >> i) & 1 == 0 ? bytes32(0) : _jobAt(jobs >> 8);
            ids[i] = jobId == 0 ? _channelId(config) : keccak256(abi.encode(_channelId(config), jobId));
            Ghost storage ghost = ghosts[ids[i]];
            uint128 total = uint128(bound(i == 0 ? first : second, 0, uint256(ghost.deposited) + 10));
            claims[i] = _claim(config, jobId, total);
            uint128 reached = uint128(_least(total, ghost.deposited));
            if (reached <= ghost.claimed) continue;
            rise += reached - ghost.claimed;
            ghost.claimed = reached;
        }
        // Who calls is drawn, too: the operator, or anyone with the signer's word.
        uint256 provider = config.providerId == providerAt(0) ? 0 : 1;
        (, uint256 key) = account(string.concat("signer ", vm.toString(provider)));
        bytes memory word = bySignature ? signed(key, _claimsDigest(ids, claims)) : bytes("");
        vm.prank(bySignature ? stranger : registry.operatorOf(config.providerId));
        assertEq(channels.claimMany(config.providerId, claims, word), rise, "the rise is the ghost's");
        _settled(config.providerId, rise);
    }

    // What leaves.

    function unlock(uint256 which, uint256 job, bool byTenant) external {
        if (_configs.length == 0) return;
        ISessionChannels.ChannelConfig memory config = _at(which);
        if (byTenant && !_over(config)) return;
        _unlock(config, _jobAt(job), byTenant);
    }

    function requestWithdraw(uint256 which) external {
        if (_configs.length == 0) return;
        ISessionChannels.ChannelConfig memory config = _at(which);
        if (channels.channelOf(_channelId(config)).status != ISessionChannels.Status.Open) return;
        vm.prank(config.tenant);
        channels.requestWithdraw(config);
    }

    function cancelWithdraw(uint256 which) external {
        if (_configs.length == 0) return;
        ISessionChannels.ChannelConfig memory config = _at(which);
        if (channels.channelOf(_channelId(config)).status != ISessionChannels.Status.Withdrawing) return;
        vm.prank(config.tenant);
        channels.cancelWithdraw(config);
    }

    function finalize(uint256 which) external {
        if (_configs.length == 0) return;
        ISessionChannels.ChannelConfig memory config = _at(which);
        if (channels.channelOf(_channelId(config)).status == ISessionChannels.Status.Closed || !_over(config)) return;
        _finalize(config);
    }

    function close(uint256 which, uint256 chance) external {
        if (_configs.length == 0 || chance % 4 != 0) return;
        ISessionChannels.ChannelConfig memory config = _at(which);
        bytes32 id = _channelId(config);
        if (channels.channelOf(id).status == ISessionChannels.Status.Closed) return;
        vm.prank(registry.operatorOf(config.providerId));
        _out(id, channels.close(config));
    }

    function payProvider(uint256 whom) external {
        bytes32 providerId = providerAt(whom);
        if (ghostOwed[providerId] == 0) return;
        _paid(providerId, treasury.payProvider(providerId));
    }

    function payBeneficiary(bool reserve) external {
        bytes32 key = reserve ? treasury.RESERVE() : treasury.PROTOCOL();
        if (ghostOwed[key] == 0) return;
        _paid(key, treasury.payBeneficiary(key));
    }

    function payOracles() external {
        bytes32 key = treasury.ORACLES();
        if (ghostOwed[key] < 5) return;
        _paid(key, treasury.payOracles() * 5);
    }

    // What goes on around.

    function warp(uint256 seconds_) external {
        vm.warp(block.timestamp + bound(seconds_, 1, 3 days));
    }

    function pause(bool paused) external {
        governor.setPausedUntil(paused ? type(uint64).max : 0);
    }

    function setSplit(uint16 oracles_, uint16 reserve, uint16 protocol) external {
        vm.prank(admin);
        treasury.setSplit(ISettlementTreasury.Split(oracles_ % 600, reserve % 700, protocol % 700));
    }

    /// Everybody leaves, while entry is paused: no one's leave can be refused.
    function leaveAll() external {
        _pause();
        for (uint256 i = 0; i < _configs.length; ++i) {
            ISessionChannels.ChannelConfig memory config = _configs[i];
            if (channels.channelOf(_channelId(config)).status == ISessionChannels.Status.Open) {
                vm.prank(config.tenant);
                channels.requestWithdraw(config);
            }
        }
        vm.warp(block.timestamp + 5 days);
        for (uint256 i = 0; i < _configs.length; ++i) {
            ISessionChannels.ChannelConfig memory config = _configs[i];
            if (channels.channelOf(_channelId(config)).status != ISessionChannels.Status.Closed) _finalize(config);
            for (uint256 job = 0; job < JOBS; ++job) {
                _unlock(config, _jobAt(job), true);
            }
        }
    }

    function _finalize(ISessionChannels.ChannelConfig memory config) private {
        vm.prank(stranger);
        _out(_channelId(config), channels.finalize(config));
    }

    function _unlock(ISessionChannels.ChannelConfig memory config, bytes32 jobId, bool byTenant) private {
        bytes32 id = _channelId(config);
        bytes32 lockId = keccak256(abi.encode(id, jobId));
        Ghost memory ghost = ghosts[lockId];
        uint128 free = ghost.deposited - ghost.claimed;
        if (free == 0) return;
        bool closed = channels.channelOf(id).status == ISessionChannels.Status.Closed;
        vm.prank(byTenant ? config.tenant : registry.operatorOf(config.providerId));
        uint128 refund = channels.unlock(config, jobId);
        assertEq(refund, free, "the refund is what was not consumed");
        if (closed) return _out(lockId, refund);
        ghosts[lockId].deposited -= refund;
        ghosts[id].deposited += refund;
    }

    function _in(bytes32 id, uint128 amount) private {
        _know(id);
        ghosts[id].deposited += amount;
        ghostIn += amount;
    }

    function _out(bytes32 id, uint128 amount) private {
        Ghost storage ghost = ghosts[id];
        assertEq(amount, ghost.deposited - ghost.claimed, "the refund is all that was not claimed");
        ghost.deposited = ghost.claimed;
        ghostRefunded += amount;
    }

    function _settled(bytes32 providerId, uint128 amount) private {
        ISettlementTreasury.Split memory split = treasury.splitAt(treasury.splitVersion());
        uint128 toOracles = uint128(uint256(amount) * split.oraclesBps / 10_000);
        uint128 toReserve = uint128(uint256(amount) * split.reserveBps / 10_000);
        uint128 toProtocol = uint128(uint256(amount) * split.protocolBps / 10_000);
        ghostOwed[treasury.ORACLES()] += toOracles;
        ghostOwed[treasury.RESERVE()] += toReserve;
        ghostOwed[treasury.PROTOCOL()] += toProtocol;
        ghostOwed[providerId] += amount - toOracles - toReserve - toProtocol;
        ghostSettled += amount;
    }

    function _paid(bytes32 beneficiary, uint128 amount) private {
        ghostOwed[beneficiary] -= amount;
        ghostPaid += amount;
    }

    function _know(bytes32 id) private {
        if (_known[id]) return;
        _known[id] = true;
        accounts.push(id);
    }

    /// Whether the tenant can have back what is not claimed.
    function _over(ISessionChannels.ChannelConfig memory config) private view returns (bool) {
        ISessionChannels.Channel memory channel = channels.channelOf(_channelId(config));
        if (channel.status == ISessionChannels.Status.Closed) return true;
        if (block.timestamp >= uint256(config.validUntil) + config.withdrawDelay) return true;
        return channel.status == ISessionChannels.Status.Withdrawing && block.timestamp >= channel.withdrawableAt;
    }

    function _at(uint256 which) private view returns (ISessionChannels.ChannelConfig memory) {
        return _configs[which % _configs.length];
    }

    function _jobAt(uint256 job) private pure returns (bytes32) {
        return bytes32(job % JOBS + 1);
    }

    function _paused() private view returns (bool) {
        return block.timestamp < governor.pausedUntil();
    }

    function _least(uint256 a, uint256 b) private pure returns (uint256) {
        return a < b ? a : b;
    }
}

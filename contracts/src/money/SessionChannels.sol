// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ICreditVault} from "../interfaces/ICreditVault.sol";
import {IParamGovernor} from "../interfaces/IParamGovernor.sol";
import {IProviderRegistry} from "../interfaces/IProviderRegistry.sol";
import {ISessionChannels} from "../interfaces/ISessionChannels.sol";
import {Guard} from "../libraries/Guard.sol";
import {Params} from "../libraries/Params.sol";
import {TallyDomain} from "../libraries/TallyDomain.sol";
import {ChannelHash} from "./ChannelHash.sol";
import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";
import {MessageHashUtils} from "@openzeppelin/contracts/utils/cryptography/MessageHashUtils.sol";
import {SignatureChecker} from "@openzeppelin/contracts/utils/cryptography/SignatureChecker.sol";

/// @dev Holds no credits and no configurations: one slot per channel. The vault keeps the sums, so a claim reads and writes one slot there and none here.
contract SessionChannels is ISessionChannels, TallyDomain, Guard {
    ICreditVault public immutable vault;
    IProviderRegistry public immutable registry;
    IParamGovernor public immutable governor;

    mapping(bytes32 channelId => Channel) private _channels;

    constructor(ICreditVault vault_, IProviderRegistry registry_, IParamGovernor governor_) {
        if (address(vault_) == address(0) || address(registry_) == address(0) || address(governor_) == address(0)) revert ZeroAddress();
        vault = vault_;
        registry = registry_;
        governor = governor_;
    }

    /// @inheritdoc ISessionChannels
    function channelIdOf(ChannelConfig calldata config) public view returns (bytes32) {
        return MessageHashUtils.toTypedDataHash(_domainSeparatorV4(), ChannelHash.config(config));
    }

    /// @inheritdoc ISessionChannels
    function lockIdOf(bytes32 channelId, bytes32 jobId) public pure returns (bytes32) {
        return ChannelHash.lock(channelId, jobId);
    }

    /// @inheritdoc ISessionChannels
    function channelOf(bytes32 channelId) external view returns (Channel memory) {
        return _channels[channelId];
    }

    /// @inheritdoc ISessionChannels
    function open(ChannelConfig calldata config, uint128 amount, bytes calldata tenantSignature)
        external
        nonReentrant
        returns (bytes32 channelId)
    {
        governor.requireEntry();
        channelId = channelIdOf(config);
        Channel storage channel = _channels[channelId];
        // A closed channel stays closed: the tenant's signature is good for one life of the channel.
        if (channel.status != Status.None) revert WrongStatus(channelId, channel.status);
        _requireOpenable(channelId, config);
        if (msg.sender != config.tenant && !SignatureChecker.isValidSignatureNowCalldata(config.tenant, channelId, tenantSignature)) {
            revert BadSignature();
        }
        channel.status = Status.Open;
        emit Opened(
            channelId,
            config.tenant,
            config.providerId,
            config.payerAuthorizer,
            config.ceiling,
            config.validUntil,
            config.withdrawDelay,
            config.salt
        );
        if (amount > 0) _fund(channelId, config.ceiling, amount);
    }

    /// @inheritdoc ISessionChannels
    /// @dev The provider is not asked again: what is put in can always come back, and what it earned is paid once it is payable.
    function topUp(ChannelConfig calldata config, uint128 amount) external nonReentrant {
        governor.requireEntry();
        bytes32 channelId = _requireLive(config);
        if (amount == 0) revert ZeroAmount();
        _fund(channelId, config.ceiling, amount);
    }

    /// @inheritdoc ISessionChannels
    /// @dev The channel's status is not read: of a channel that was never opened or is closed the vault holds nothing, so there is nothing to claim.
    function claimMany(bytes32 providerId, Claim[] calldata claims, bytes calldata providerSignature)
        external
        nonReentrant
        returns (uint128 amount)
    {
        bytes32 domain = _domainSeparatorV4();
        bytes32[] memory accountIds = new bytes32[](claims.length);
        uint128[] memory totals = new uint128[](claims.length);
        for (uint256 i = 0; i < claims.length; ++i) {
            Claim calldata claim = claims[i];
            (accountIds[i], totals[i]) = _check(domain, providerId, claim);
        }
        _requireProviderWord(domain, providerId, accountIds, claims, providerSignature);
        uint128[] memory reached;
        (amount, reached) = vault.settle(providerId, accountIds, totals);
        for (uint256 i = 0; i < claims.length; ++i) {
            if (reached[i] == 0) continue;
            Claim calldata claim = claims[i];
            emit Claimed(accountIds[i], providerId, reached[i], claim.receiptCount, claim.receiptsRoot);
        }
    }

    /// @inheritdoc ISessionChannels
    function requestWithdraw(ChannelConfig calldata config) external nonReentrant {
        bytes32 channelId = _requireTenant(config);
        Channel storage channel = _channels[channelId];
        if (channel.status != Status.Open) revert WrongStatus(channelId, channel.status);
        uint64 withdrawableAt = uint64(block.timestamp) + config.withdrawDelay;
        channel.status = Status.Withdrawing;
        channel.withdrawableAt = withdrawableAt;
        emit WithdrawRequested(channelId, withdrawableAt);
    }

    /// @inheritdoc ISessionChannels
    function cancelWithdraw(ChannelConfig calldata config) external nonReentrant {
        bytes32 channelId = _requireTenant(config);
        Channel storage channel = _channels[channelId];
        if (channel.status != Status.Withdrawing) revert WrongStatus(channelId, channel.status);
        channel.status = Status.Open;
        channel.withdrawableAt = 0;
        emit WithdrawCancelled(channelId);
    }

    /// @inheritdoc ISessionChannels
    function finalize(ChannelConfig calldata config) external nonReentrant returns (uint128 refund) {
        bytes32 channelId = channelIdOf(config);
        Channel storage channel = _channels[channelId];
        if (channel.status == Status.None || channel.status == Status.Closed) revert WrongStatus(channelId, channel.status);
        uint64 readyAt = _readyAt(channel, config);
        if (block.timestamp < readyAt) revert TooEarly(readyAt);
        refund = _close(channelId, config.tenant);
    }

    /// @inheritdoc ISessionChannels
    function close(ChannelConfig calldata config) external nonReentrant returns (uint128 refund) {
        bytes32 channelId = channelIdOf(config);
        Status status = _channels[channelId].status;
        if (status == Status.None || status == Status.Closed) revert WrongStatus(channelId, status);
        if (!_isProvider(config.providerId, msg.sender)) revert NotProvider(msg.sender, config.providerId);
        refund = _close(channelId, config.tenant);
    }

    /// @inheritdoc ISessionChannels
    function lock(ChannelConfig calldata config, bytes32 jobId, uint128 amount) external nonReentrant returns (bytes32 lockId) {
        governor.requireEntry();
        _requireTenant(config);
        bytes32 channelId = _requireLive(config);
        if (jobId == 0) revert JobRequired();
        if (amount == 0) revert ZeroAmount();
        lockId = lockIdOf(channelId, jobId);
        emit Locked(channelId, jobId, lockId, amount);
        vault.move(channelId, lockId, amount);
    }

    /// @inheritdoc ISessionChannels
    function unlock(ChannelConfig calldata config, bytes32 jobId) external nonReentrant returns (uint128 refund) {
        bytes32 channelId = channelIdOf(config);
        Channel storage channel = _channels[channelId];
        Status status = channel.status;
        if (status == Status.None) revert WrongStatus(channelId, status);
        if (jobId == 0) revert JobRequired();
        uint64 readyAt = _readyAt(channel, config);
        bool over = status == Status.Closed || block.timestamp >= readyAt;
        // The tenant is asked first: its way out depends on no registry.
        if (!(over && msg.sender == config.tenant) && !_isProvider(config.providerId, msg.sender)) {
            if (msg.sender != config.tenant) revert NotTenant(msg.sender, config.tenant);
            revert TooEarly(readyAt);
        }
        bytes32 lockId = lockIdOf(channelId, jobId);
        ICreditVault.Account memory account = vault.accountOf(lockId);
        refund = account.deposited - account.claimed;
        if (refund == 0) revert ZeroAmount();
        emit Unlocked(channelId, jobId, lockId, refund);
        if (status == Status.Closed) vault.release(lockId, config.tenant);
        else vault.move(lockId, channelId, refund);
    }

    function _requireOpenable(bytes32 channelId, ChannelConfig calldata config) private view {
        if (config.tenant == address(0) || config.payerAuthorizer == address(0)) revert ZeroAddress();
        if (block.timestamp > config.validUntil) revert ChannelExpired(channelId, config.validUntil);
        uint256 min = governor.get(Params.WITHDRAW_DELAY_MIN);
        (, uint256 max) = governor.bounds(Params.WITHDRAW_DELAY_MIN);
        if (config.withdrawDelay < min || config.withdrawDelay > max) {
            revert DelayOutOfBounds(config.withdrawDelay, min, max);
        }
        if (!registry.isActive(config.providerId)) revert ProviderInactive(config.providerId);
    }

    /// @dev Whether value may still enter or be set aside.
    function _requireLive(ChannelConfig calldata config) private view returns (bytes32 channelId) {
        channelId = channelIdOf(config);
        Status status = _channels[channelId].status;
        if (status != Status.Open) revert WrongStatus(channelId, status);
        if (block.timestamp > config.validUntil) revert ChannelExpired(channelId, config.validUntil);
    }

    function _requireTenant(ChannelConfig calldata config) private view returns (bytes32) {
        if (msg.sender != config.tenant) revert NotTenant(msg.sender, config.tenant);
        return channelIdOf(config);
    }

    function _fund(bytes32 channelId, uint128 ceiling, uint128 amount) private {
        Channel storage channel = _channels[channelId];
        uint128 everDeposited = channel.everDeposited + amount;
        if (everDeposited > ceiling) revert AboveCeiling(channelId, everDeposited, ceiling);
        channel.everDeposited = everDeposited;
        emit ToppedUp(channelId, msg.sender, amount, everDeposited);
        vault.fund(channelId, msg.sender, amount);
    }

    function _close(bytes32 channelId, address tenant) private returns (uint128 refund) {
        _channels[channelId].status = Status.Closed;
        refund = vault.release(channelId, tenant);
        emit Finalized(channelId, tenant, refund);
    }

    /// @dev Checks all of one claim but the provider's word. @return accountId what it claims of: the channel, or a lock under it. @return total what it claims: nothing of an
    /// expired channel, which its tenant could else have expire under the claims of others.
    function _check(bytes32 domain, bytes32 providerId, Claim calldata claim) private view returns (bytes32 accountId, uint128 total) {
        ChannelConfig calldata config = claim.config;
        accountId = MessageHashUtils.toTypedDataHash(domain, ChannelHash.config(config));
        if (config.providerId != providerId) revert WrongProvider(accountId, config.providerId);
        if (block.timestamp < _lastsUntil(config)) total = claim.totalClaimed;
        if (claim.jobId != 0) accountId = ChannelHash.lock(accountId, claim.jobId);
        if (claim.totalClaimed > claim.maxClaimableAmount) {
            revert ClaimAboveVoucher(accountId, claim.totalClaimed, claim.maxClaimableAmount);
        }
        bytes32 digest = MessageHashUtils.toTypedDataHash(domain, ChannelHash.voucher(accountId, claim.maxClaimableAmount));
        // A key first, a contract after: asking whether there is code costs more than most signatures do.
        (address recovered, ECDSA.RecoverError fault,) = ECDSA.tryRecoverCalldata(digest, claim.voucherSignature);
        if (fault == ECDSA.RecoverError.NoError && recovered == config.payerAuthorizer) return (accountId, total);
        if (!SignatureChecker.isValidERC1271SignatureNowCalldata(config.payerAuthorizer, digest, claim.voucherSignature)) {
            revert BadSignature();
        }
    }

    function _requireProviderWord(
        bytes32 domain,
        bytes32 providerId,
        bytes32[] memory accountIds,
        Claim[] calldata claims,
        bytes calldata signature
    ) private view {
        if (_isProvider(providerId, msg.sender)) return;
        bytes32[] memory hashes = new bytes32[](claims.length);
        for (uint256 i = 0; i < claims.length; ++i) {
            Claim calldata claim = claims[i];
            hashes[i] = ChannelHash.claim(accountIds[i], claim.totalClaimed, claim.receiptCount, claim.receiptsRoot);
        }
        bytes32 digest = MessageHashUtils.toTypedDataHash(domain, ChannelHash.claims(hashes));
        if (!SignatureChecker.isValidSignatureNowCalldata(registry.signerOf(providerId), digest, signature)) revert BadSignature();
    }

    function _isProvider(bytes32 providerId, address caller) private view returns (bool) {
        return caller == registry.operatorOf(providerId) || caller == registry.signerOf(providerId);
    }

    /// @dev Unix seconds from which the tenant can have back what is not claimed.
    function _readyAt(Channel storage channel, ChannelConfig calldata config) private view returns (uint64 readyAt) {
        readyAt = _lastsUntil(config);
        if (channel.status == Status.Withdrawing && channel.withdrawableAt < readyAt) readyAt = channel.withdrawableAt;
    }

    /// @dev Unix seconds from which no claim is taken. A sum that does not fit is never.
    function _lastsUntil(ChannelConfig calldata config) private pure returns (uint64 end) {
        unchecked {
            end = config.validUntil + config.withdrawDelay;
        }
        if (end < config.validUntil) end = type(uint64).max;
    }
}

// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ICreditToken} from "../../src/interfaces/ICreditToken.sol";
import {ICreditVault} from "../../src/interfaces/ICreditVault.sol";
import {IParamGovernor} from "../../src/interfaces/IParamGovernor.sol";
import {IProviderRegistry} from "../../src/interfaces/IProviderRegistry.sol";
import {IQuorumVerifier} from "../../src/interfaces/IQuorumVerifier.sol";
import {ISessionChannels} from "../../src/interfaces/ISessionChannels.sol";
import {ISettlementTreasury} from "../../src/interfaces/ISettlementTreasury.sol";
import {Roles} from "../../src/libraries/Roles.sol";
import {CreditVault} from "../../src/money/CreditVault.sol";
import {SessionChannels} from "../../src/money/SessionChannels.sol";
import {SettlementTreasury} from "../../src/money/SettlementTreasury.sol";
import {CreditToken} from "../../src/token/CreditToken.sol";
import {TestAsset} from "../../src/token/TestAsset.sol";
import {Test} from "./Test.sol";
import {MoneyGovernorDouble} from "./doubles/MoneyGovernorDouble.sol";
import {MoneyRegistryDouble} from "./doubles/MoneyRegistryDouble.sol";
import {MoneyVerifierDouble} from "./doubles/MoneyVerifierDouble.sol";
import {AccessManager} from "@openzeppelin/contracts/access/manager/AccessManager.sol";

/// @notice The contracts of money as they are deployed, with what they stand on simulated; and one tenant, one provider, five oracles.
abstract contract MoneyFixture is Test {
    uint64 internal constant T0 = 1_800_000_000;
    uint64 internal constant VALID_UNTIL = T0 + 90 days;
    uint32 internal constant DELAY = 2 days;
    uint64 internal constant ENDS_AT = VALID_UNTIL + DELAY;
    uint128 internal constant CEILING = 1_000_000e6;
    bytes32 internal constant PROVIDER = keccak256("provider");
    bytes32 internal constant ROOT = keccak256("receipts");
    bytes32 internal constant JOB = keccak256("job");

    AccessManager internal manager;
    MoneyGovernorDouble internal governor;
    MoneyRegistryDouble internal registry;
    MoneyVerifierDouble internal verifier;
    TestAsset internal asset;
    CreditToken internal credits;
    CreditVault internal vault;
    SessionChannels internal channels;
    SettlementTreasury internal treasury;

    address internal admin = named("admin");
    address internal stranger = named("stranger");
    address internal operator = named("operator");
    address internal payout = named("payout");
    address internal reservePayout = named("reserve");
    address internal protocolPayout = named("protocol");
    address internal tenant;
    uint256 internal tenantKey;
    address internal authorizer;
    uint256 internal authorizerKey;
    address internal signer;
    uint256 internal signerKey;

    function setUp() public virtual {
        vm.warp(T0);
        (tenant, tenantKey) = account("tenant");
        (authorizer, authorizerKey) = account("authorizer");
        (signer, signerKey) = account("signer");
        governor = new MoneyGovernorDouble();
        registry = new MoneyRegistryDouble();
        verifier = new MoneyVerifierDouble();
        registry.set(PROVIDER, operator, signer, payout);
        verifier.set(7, oracles());
        _deployMoney();
        _give(tenant, 10_000_000e6);
    }

    function oracles() internal returns (address[5] memory) {
        return [named("oracle 0"), named("oracle 1"), named("oracle 2"), named("oracle 3"), named("oracle 4")];
    }

    /// The modules know each other from their construction, so their addresses are told before they are there.
    function _deployMoney() private {
        manager = new AccessManager(address(this));
        manager.grantRole(Roles.GOVERNOR, admin, 0);
        asset = new TestAsset();
        uint256 nonce = vm.getNonce(address(this));
        address vaultAt = vm.computeCreateAddress(address(this), nonce + 1);
        address channelsAt = vm.computeCreateAddress(address(this), nonce + 2);
        address treasuryAt = vm.computeCreateAddress(address(this), nonce + 3);
        address[] memory venues = new address[](1);
        venues[0] = vaultAt;
        credits = new CreditToken(asset, IParamGovernor(address(governor)), address(manager), venues);
        vault = new CreditVault(credits, channelsAt, treasuryAt);
        channels = new SessionChannels(ICreditVault(vaultAt), IProviderRegistry(address(registry)), IParamGovernor(address(governor)));
        treasury = new SettlementTreasury(
            ICreditVault(vaultAt),
            IProviderRegistry(address(registry)),
            IQuorumVerifier(address(verifier)),
            address(manager),
            ISettlementTreasury.Split(200, 300, 300),
            reservePayout,
            protocolPayout
        );
        bytes4[] memory selectors = new bytes4[](2);
        (selectors[0], selectors[1]) = (ISettlementTreasury.setSplit.selector, ISettlementTreasury.setBeneficiary.selector);
        manager.setTargetFunctionRole(address(treasury), selectors, Roles.GOVERNOR);
        selectors = new bytes4[](1);
        selectors[0] = ICreditToken.setVenue.selector;
        manager.setTargetFunctionRole(address(credits), selectors, Roles.GOVERNOR);
    }

    /// Credits for `to`, which allows the vault to take them.
    function _give(address to, uint256 amount) internal {
        asset.mint(address(this), amount);
        asset.approve(address(credits), amount);
        credits.deposit(to, amount);
        vm.prank(to);
        credits.approve(address(vault), type(uint256).max);
    }

    function _pause() internal {
        governor.setPausedUntil(type(uint64).max);
    }

    function _config() internal view returns (ISessionChannels.ChannelConfig memory) {
        return ISessionChannels.ChannelConfig(tenant, authorizer, PROVIDER, CEILING, VALID_UNTIL, DELAY, 0);
    }

    /// Opens the usual channel with `amount`.
    function _open(uint128 amount) internal returns (ISessionChannels.ChannelConfig memory config, bytes32 channelId) {
        config = _config();
        channelId = _open(config, amount);
    }

    function _open(ISessionChannels.ChannelConfig memory config, uint128 amount) internal returns (bytes32) {
        vm.prank(config.tenant);
        return channels.open(config, amount, "");
    }

    function _lock(ISessionChannels.ChannelConfig memory config, bytes32 jobId, uint128 amount) internal returns (bytes32) {
        vm.prank(config.tenant);
        return channels.lock(config, jobId, amount);
    }

    /// A claim of all that its voucher promises.
    function _claim(ISessionChannels.ChannelConfig memory config, bytes32 jobId, uint128 total)
        internal
        view
        returns (ISessionChannels.Claim memory)
    {
        return _claim(config, jobId, total, total);
    }

    function _claim(ISessionChannels.ChannelConfig memory config, bytes32 jobId, uint128 max, uint128 total)
        internal
        view
        returns (ISessionChannels.Claim memory)
    {
        bytes32 accountId = _channelId(config);
        if (jobId != 0) accountId = keccak256(abi.encode(accountId, jobId));
        return ISessionChannels.Claim(config, jobId, max, total, 3, ROOT, signed(authorizerKey, _voucherDigest(accountId, max)));
    }

    function _one(ISessionChannels.Claim memory claim) internal pure returns (ISessionChannels.Claim[] memory claims) {
        claims = new ISessionChannels.Claim[](1);
        claims[0] = claim;
    }

    /// Claims as the provider's operator.
    function _claimAs(ISessionChannels.Claim memory claim) internal returns (uint128) {
        vm.prank(operator);
        return channels.claimMany(PROVIDER, _one(claim), "");
    }

    /// The other signature that the curve allows for the same digest and key.
    function malleated(bytes memory signature) internal pure returns (bytes memory) {
        (bytes32 r, uint256 s, uint8 v) = (0, 0, uint8(signature[64]));
        assembly ("memory-safe") {
            r := mload(add(signature, 0x20))
            s := mload(add(signature, 0x40))
        }
        s = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141 - s;
        return abi.encodePacked(r, s, uint8(v == 27 ? 28 : 27));
    }

    // The hashes are made here anew, by the plain reading of EIP-712, and not by the code under test.

    function _domain(uint256 chainId, address place) internal pure returns (bytes32) {
        bytes32 typeHash = keccak256("EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)");
        return keccak256(abi.encode(typeHash, keccak256("Tallystick"), keccak256("1"), chainId, place));
    }

    function _digest(bytes32 structHash) internal view returns (bytes32) {
        return _digest(_domain(block.chainid, address(channels)), structHash);
    }

    function _digest(bytes32 domain, bytes32 structHash) internal pure returns (bytes32) {
        return keccak256(abi.encodePacked(hex"1901", domain, structHash));
    }

    function _channelId(ISessionChannels.ChannelConfig memory config) internal view returns (bytes32) {
        bytes32 typeHash = keccak256(
            "ChannelConfig(address tenant,address payerAuthorizer,bytes32 providerId,uint128 ceiling,uint64 validUntil,uint32 withdrawDelay,bytes32 salt)"
        );
        return _digest(keccak256(abi.encode(typeHash, config)));
    }

    function _voucherHash(bytes32 accountId, uint128 max) internal pure returns (bytes32) {
        return keccak256(abi.encode(keccak256("Voucher(bytes32 channelId,uint128 maxClaimableAmount)"), accountId, max));
    }

    function _voucherDigest(bytes32 accountId, uint128 max) internal view returns (bytes32) {
        return _digest(_voucherHash(accountId, max));
    }

    function _claimsDigest(bytes32[] memory accountIds, ISessionChannels.Claim[] memory claims) internal view returns (bytes32) {
        string memory one = "UsageClaim(bytes32 channelId,uint128 totalClaimed,uint64 receiptCount,bytes32 receiptsRoot)";
        bytes memory hashes;
        for (uint256 i = 0; i < claims.length; ++i) {
            bytes32 hash = keccak256(
                abi.encode(keccak256(bytes(one)), accountIds[i], claims[i].totalClaimed, claims[i].receiptCount, claims[i].receiptsRoot)
            );
            hashes = bytes.concat(hashes, hash);
        }
        bytes32 typeHash = keccak256(bytes(string.concat("UsageClaims(UsageClaim[] claims)", one)));
        return _digest(keccak256(abi.encode(typeHash, keccak256(hashes))));
    }

    function _free(bytes32 accountId) internal view returns (uint128) {
        ICreditVault.Account memory held = vault.accountOf(accountId);
        return held.deposited - held.claimed;
    }
}

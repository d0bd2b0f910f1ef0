// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {AccessManager} from "@openzeppelin/contracts/access/manager/AccessManager.sol";
import {AIToken} from "../../src/compute/AIToken.sol";
import {AITokenMinter} from "../../src/compute/AITokenMinter.sol";
import {ParamGovernor} from "../../src/governance/ParamGovernor.sol";
import {ICreditToken} from "../../src/interfaces/ICreditToken.sol";
import {ICreditVault} from "../../src/interfaces/ICreditVault.sol";
import {IParamGovernor} from "../../src/interfaces/IParamGovernor.sol";
import {IProviderRegistry} from "../../src/interfaces/IProviderRegistry.sol";
import {IQuorumVerifier} from "../../src/interfaces/IQuorumVerifier.sol";
import {IReceiptFaults} from "../../src/interfaces/IReceiptFaults.sol";
import {ISessionChannels} from "../../src/interfaces/ISessionChannels.sol";
import {ISettlementTreasury} from "../../src/interfaces/ISettlementTreasury.sol";
import {IStakeManager} from "../../src/interfaces/IStakeManager.sol";
import {IUsageReceipts} from "../../src/interfaces/IUsageReceipts.sol";
import {IAIToken} from "../../src/interfaces/IAITokenMinter.sol";
import {DefaultParams} from "../../src/libraries/DefaultParams.sol";
import {Roles} from "../../src/libraries/Roles.sol";
import {CreditVault} from "../../src/money/CreditVault.sol";
import {SessionChannels} from "../../src/money/SessionChannels.sol";
import {SettlementTreasury} from "../../src/money/SettlementTreasury.sol";
import {ProviderRegistry} from "../../src/providers/ProviderRegistry.sol";
import {EcdsaScheme} from "../../src/quorum/EcdsaScheme.sol";
import {QuorumVerifier} from "../../src/quorum/QuorumVerifier.sol";
import {OracleFaults} from "../../src/receipts/OracleFaults.sol";
import {ReceiptFaults} from "../../src/receipts/ReceiptFaults.sol";
import {UsageReceipts} from "../../src/receipts/UsageReceipts.sol";
import {PaymentEscrow} from "../../src/stakes/PaymentEscrow.sol";
import {StakeManager} from "../../src/stakes/StakeManager.sol";
import {CreditToken} from "../../src/token/CreditToken.sol";
import {TestAsset} from "../../src/token/TestAsset.sol";
import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {Test} from "./Test.sol";

/// @notice The real contracts together, as a deployment joins them; the only thing that stands in for another is the asset. Addresses are known beforehand from this
/// contract's nonce, as the registry's are from names.
abstract contract System is Test {
    AccessManager internal authority;
    TestAsset internal asset;
    ParamGovernor internal governor;
    CreditToken internal credits;
    CreditVault internal vault;
    SessionChannels internal channels;
    SettlementTreasury internal treasury;
    ProviderRegistry internal providers;
    StakeManager internal stakes;
    PaymentEscrow internal escrow;
    QuorumVerifier internal quorum;
    EcdsaScheme internal scheme;
    UsageReceipts internal receipts;
    ReceiptFaults internal faults;
    OracleFaults internal oracleFaults;
    AIToken internal token;
    AITokenMinter internal minter;

    address internal constant SLASHED = address(0x51A5);
    address internal constant RESERVE_PAYOUT = address(0x4E5E);
    address internal constant PROTOCOL_PAYOUT = address(0x9407);

    /// The next contract that this one creates is number `_nonce`.
    uint256 private _nonce;

    function deploySystem() internal {
        vm.chainId(31_337);
        vm.warp(1_800_000_000);
        authority = new AccessManager(address(this));
        authority.grantRole(Roles.GOVERNOR, address(this), 0);
        authority.grantRole(Roles.GUARDIAN, address(this), 0);
        authority.grantRole(Roles.ARBITER, address(this), 0);
        authority.grantRole(Roles.PROPOSER, address(this), 0);
        asset = new TestAsset();
        governor = new ParamGovernor(address(authority), 2 days, uint64(block.timestamp), DefaultParams.settings());
        scheme = new EcdsaScheme();
        _nonce = 5;
        // In the order in which they are created below.
        (address vault_, address channels_, address treasury_) = (_at(1), _at(2), _at(3));
        (address providers_, address stakes_, address quorum_) = (_at(4), _at(5), _at(6));
        (address receipts_, address faults_, address oracleFaults_) = (_at(7), _at(8), _at(9));
        address minter_ = _at(11);
        address[] memory venues = new address[](1);
        venues[0] = vault_;
        credits = new CreditToken(IERC20(address(asset)), governor, address(authority), venues);
        vault = new CreditVault(IERC20(address(credits)), channels_, treasury_);
        channels = new SessionChannels(ICreditVault(vault_), IProviderRegistry(providers_), governor);
        treasury = new SettlementTreasury(
            ICreditVault(vault_),
            IProviderRegistry(providers_),
            IQuorumVerifier(quorum_),
            address(authority),
            ISettlementTreasury.Split(200, 300, 300),
            RESERVE_PAYOUT,
            PROTOCOL_PAYOUT
        );
        providers = new ProviderRegistry(address(authority), governor, IStakeManager(stakes_));
        stakes = new StakeManager(address(authority), address(governor), SLASHED, providers_, faults_, oracleFaults_);
        quorum = new QuorumVerifier(address(authority), governor, IStakeManager(stakes_));
        receipts = new UsageReceipts(governor, IProviderRegistry(providers_), IQuorumVerifier(quorum_), faults_);
        faults = new ReceiptFaults(IUsageReceipts(receipts_), IStakeManager(stakes_));
        oracleFaults =
            new OracleFaults(IUsageReceipts(receipts_), IQuorumVerifier(quorum_), IStakeManager(stakes_), IReceiptFaults(faults_));
        token = new AIToken(minter_);
        minter = new AITokenMinter(
            IAIToken(address(token)), IUsageReceipts(receipts_), ISettlementTreasury(treasury_), IProviderRegistry(providers_), governor
        );
        escrow = new PaymentEscrow(address(authority), address(governor), SLASHED);
        require(address(vault) == vault_ && address(oracleFaults) == oracleFaults_ && address(minter) == minter_, "addresses as foreseen");
        _wire();
    }

    /// A claim of all that a voucher of the payer's key promises. `jobId` 0 claims of the channel.
    function claimOf(ISessionChannels.ChannelConfig memory config, bytes32 jobId, uint128 total, uint256 payerKey)
        internal
        view
        returns (ISessionChannels.Claim memory)
    {
        bytes32 channelId = channels.channelIdOf(config);
        bytes32 accountId = jobId == 0 ? channelId : channels.lockIdOf(channelId, jobId);
        bytes32 voucher = keccak256(abi.encode(keccak256("Voucher(bytes32 channelId,uint128 maxClaimableAmount)"), accountId, total));
        bytes32 domain = keccak256(
            abi.encode(
                keccak256("EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)"),
                keccak256("Tallystick"),
                keccak256("1"),
                block.chainid,
                address(channels)
            )
        );
        bytes memory signature = signed(payerKey, keccak256(abi.encodePacked(hex"1901", domain, voucher)));
        return ISessionChannels.Claim(config, jobId, total, total, 1, "root", signature);
    }

    /// Five oracles, staked, whose keys are their own accounts; they are the current set.
    function openOracles() internal returns (address[5] memory members) {
        for (uint256 i = 0; i < 5; ++i) {
            members[i] = named(string.concat("oracle ", vm.toString(i)));
            vm.deal(members[i], 2 ether);
            vm.startPrank(members[i]);
            stakes.stakeOracle{value: 1 ether}();
            quorum.registerKey(address(scheme), abi.encodePacked(members[i]), "");
            vm.stopPrank();
        }
        quorum.rotate(address(scheme), members);
    }

    function _wire() private {
        _grant(address(governor), governor.pause.selector, Roles.GUARDIAN);
        _grant(address(governor), governor.resume.selector, Roles.GUARDIAN);
        _grant(address(governor), governor.propose.selector, Roles.GOVERNOR);
        _grant(address(credits), credits.setVenue.selector, Roles.GOVERNOR);
        _grant(address(quorum), quorum.rotate.selector, Roles.GOVERNOR);
        _grant(address(quorum), quorum.admitScheme.selector, Roles.GOVERNOR);
        _grant(address(stakes), stakes.proposeSlash.selector, Roles.PROPOSER);
        _grant(address(stakes), stakes.decide.selector, Roles.ARBITER);
        _grant(address(stakes), stakes.dismiss.selector, Roles.ARBITER);
        _grant(address(escrow), escrow.proposeSlash.selector, Roles.PROPOSER);
        _grant(address(escrow), escrow.decide.selector, Roles.ARBITER);
        quorum.admitScheme(address(scheme), true);
    }

    function _grant(address target, bytes4 selector, uint64 role) private {
        bytes4[] memory selectors = new bytes4[](1);
        selectors[0] = selector;
        authority.setTargetFunctionRole(target, selectors, role);
    }

    /// The address of the contract that this one creates `after_` contracts from now (RLP of a nonce below 128).
    function _at(uint256 after_) private view returns (address) {
        return address(uint160(uint256(keccak256(abi.encodePacked(bytes2(0xd694), address(this), uint8(_nonce + after_))))));
    }
}

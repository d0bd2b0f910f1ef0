// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {AccessManager} from "@openzeppelin/contracts/access/manager/AccessManager.sol";
import {IAccessManaged} from "@openzeppelin/contracts/access/manager/IAccessManaged.sol";
import {ParamGovernor} from "../../src/governance/ParamGovernor.sol";
import {IParamGovernor} from "../../src/interfaces/IParamGovernor.sol";
import {IStakes} from "../../src/interfaces/IStakes.sol";
import {DefaultParams} from "../../src/libraries/DefaultParams.sol";
import {Params} from "../../src/libraries/Params.sol";
import {Roles} from "../../src/libraries/Roles.sol";
import {PaymentEscrow} from "../../src/stakes/PaymentEscrow.sol";
import {StakeManager} from "../../src/stakes/StakeManager.sol";
import {Puppet} from "./Puppet.sol";
import {StakesRegistryDouble} from "./doubles/StakesRegistryDouble.sol";
import {Test} from "./Test.sol";

/// @notice Both stake contracts with the real governor and a real access manager, one provider with 10 ether, and one hand for each role.
abstract contract StakesWorld is Test {
    uint64 internal constant START = 1_800_000_000;
    uint64 internal constant TIMELOCK = 2 days;
    uint64 internal constant THAW = 7 days;
    uint64 internal constant APPEAL = 3 days;
    uint64 internal constant DECISION = 7 days;
    uint128 internal constant STAKE = 10 ether;
    uint128 internal constant CAP = 5 ether;
    bytes32 internal constant PROVIDER = keccak256("provider");
    bytes32 internal constant LISTING = keccak256("listing");
    bytes32 internal constant REASON = keccak256("a published statement");

    AccessManager internal authority;
    ParamGovernor internal governor;
    StakesRegistryDouble internal registry;
    StakeManager internal manager;
    PaymentEscrow internal escrow;

    address internal governing = named("governing");
    address internal guardian = named("guardian");
    address internal arbiter = named("arbiter");
    address internal proposer = named("proposer");
    address internal beneficiary = named("beneficiary");
    address internal operator = named("operator");
    address internal oracle = named("oracle");
    address internal buyer = named("buyer");
    address internal stranger = named("stranger");
    address internal receiptFaults = named("receiptFaults");
    address internal oracleFaults = named("oracleFaults");

    function setUp() public virtual {
        vm.warp(START);
        authority = new AccessManager(address(this));
        governor = new ParamGovernor(address(authority), TIMELOCK, START, DefaultParams.settings());
        registry = new StakesRegistryDouble();
        manager = new StakeManager(address(authority), address(governor), beneficiary, address(registry), receiptFaults, oracleFaults);
        escrow = new PaymentEscrow(address(authority), address(governor), beneficiary);

        _allow(address(governor), IParamGovernor.propose.selector, Roles.GOVERNOR);
        _allow(address(governor), IParamGovernor.withdraw.selector, Roles.GUARDIAN);
        _allow(address(governor), IParamGovernor.pause.selector, Roles.GUARDIAN);
        _allow(address(governor), IParamGovernor.resume.selector, Roles.GUARDIAN);
        _allowStakes(address(manager));
        _allowStakes(address(escrow));
        authority.grantRole(Roles.GOVERNOR, governing, 0);
        authority.grantRole(Roles.GUARDIAN, guardian, 0);
        authority.grantRole(Roles.ARBITER, arbiter, 0);
        authority.grantRole(Roles.PROPOSER, proposer, 0);

        registry.setOperator(PROVIDER, operator);
        vm.deal(operator, 1_000 ether);
        vm.deal(oracle, 1_000 ether);
        vm.deal(buyer, 1_000 ether);
        vm.deal(stranger, 1_000 ether);
        vm.prank(operator);
        manager.stakeProvider{value: STAKE}(PROVIDER);
    }

    function _allow(address target, bytes4 selector, uint64 role) internal {
        bytes4[] memory selectors = new bytes4[](1);
        selectors[0] = selector;
        authority.setTargetFunctionRole(target, selectors, role);
    }

    function _allowStakes(address target) internal {
        _allow(target, IStakes.proposeSlash.selector, Roles.PROPOSER);
        _allow(target, IStakes.decide.selector, Roles.ARBITER);
        _allow(target, IStakes.dismiss.selector, Roles.ARBITER);
    }

    function _unauthorized(address caller) internal pure returns (bytes memory) {
        return abi.encodeWithSelector(IAccessManaged.AccessManagedUnauthorized.selector, caller);
    }

    function _now() internal view returns (uint64) {
        return uint64(vm.getBlockTimestamp());
    }

    function _pause() internal {
        vm.prank(guardian);
        governor.pause();
    }

    /// @dev Changes a parameter as governance does: it takes the timelock.
    function _govern(bytes32 key, uint256 value) internal {
        vm.prank(governing);
        governor.propose(key, value);
        vm.warp(_now() + TIMELOCK);
        governor.enact(key);
    }

    /// @dev Against the provider's stake, by the proposer.
    function _propose(uint128 amount, bytes32 reason) internal returns (bytes32) {
        vm.prank(proposer);
        return manager.proposeSlash(PROVIDER, amount, reason);
    }

    function _appeal(bytes32 slashId) internal {
        vm.prank(operator);
        manager.appeal(slashId, keccak256("statement"));
    }

    /// @dev A proven fault of the provider.
    function _prove(bytes32 faultId) internal returns (bytes32) {
        vm.prank(receiptFaults);
        return manager.proposeProven(PROVIDER, faultId);
    }

    function _requestAll() internal {
        vm.prank(operator);
        manager.requestWithdraw(PROVIDER, STAKE);
    }

    function _state(bytes32 slashId) internal view returns (uint256) {
        return uint256(manager.slashOf(slashId).state);
    }

    function _assertState(bytes32 slashId, IStakes.SlashState state, string memory what) internal view {
        assertEq(_state(slashId), uint256(state), what);
    }

    function _assertStake(uint128 amount, uint128 thawing, uint128 frozen, string memory what) internal view {
        IStakes.Stake memory stake = manager.stakeOf(PROVIDER);
        assertEq(stake.amount, amount, string.concat(what, ": amount"));
        assertEq(stake.thawing, thawing, string.concat(what, ": thawing"));
        assertEq(stake.frozen, frozen, string.concat(what, ": frozen"));
    }
}

// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {AccessManager} from "@openzeppelin/contracts/access/manager/AccessManager.sol";
import {IParamGovernor} from "../../src/interfaces/IParamGovernor.sol";
import {IProviderRegistry} from "../../src/interfaces/IProviderRegistry.sol";
import {IStakeManager} from "../../src/interfaces/IStakeManager.sol";
import {Params} from "../../src/libraries/Params.sol";
import {Roles} from "../../src/libraries/Roles.sol";
import {ProviderRegistry} from "../../src/providers/ProviderRegistry.sol";
import {Test} from "./Test.sol";
import {QuorumGovernorDouble} from "./doubles/QuorumGovernorDouble.sol";
import {QuorumStakesDouble} from "./doubles/QuorumStakesDouble.sol";

/// @notice A registry with one provider that is active and staked.
abstract contract ProviderBase is Test {
    uint64 internal constant START = 1_767_225_600;
    uint64 internal constant DELAY = 2 days;
    bytes32 internal constant SALT = keccak256("salt");
    bytes32 internal constant TARIFF = keccak256("tariff");

    AccessManager internal manager;
    QuorumGovernorDouble internal params;
    QuorumStakesDouble internal stakes;
    ProviderRegistry internal registry;
    address internal operator;
    address internal payout;
    address internal signer;
    address internal registrar;
    address internal arbiter;
    bytes32 internal id;

    function setUp() public virtual {
        vm.warp(START);
        (operator, payout, signer) = (named("operator"), named("payout"), named("signer"));
        (registrar, arbiter) = (named("registrar"), named("arbiter"));
        manager = new AccessManager(address(this));
        params = new QuorumGovernorDouble();
        stakes = new QuorumStakesDouble();
        params.set(Params.PAYOUT_DELAY, DELAY);
        registry = new ProviderRegistry(address(manager), IParamGovernor(address(params)), IStakeManager(address(stakes)));
        _allow(ProviderRegistry.certify.selector, Roles.REGISTRAR, registrar);
        _allow(ProviderRegistry.suspend.selector, Roles.ARBITER, arbiter);
        _allow(ProviderRegistry.reinstate.selector, Roles.ARBITER, arbiter);
        vm.prank(operator);
        id = registry.register(SALT, payout, signer, TARIFF);
        stakes.stakeProvider(id, true);
    }

    function _allow(bytes4 selector, uint64 role, address who) private {
        bytes4[] memory one = new bytes4[](1);
        one[0] = selector;
        manager.setTargetFunctionRole(address(registry), one, role);
        manager.grantRole(role, who, 0);
    }

    function suspend(uint64 until) internal {
        vm.prank(arbiter);
        registry.suspend(id, until, "reason");
    }

    function retire() internal {
        vm.prank(operator);
        registry.retire(id);
    }

    function status() internal view returns (IProviderRegistry.Status) {
        return registry.providerOf(id).status;
    }

    /// Whoever is not the operator may not call what is the operator's.
    function onlyOperator(bytes memory data) internal {
        address[3] memory others = [payout, signer, arbiter];
        for (uint256 i = 0; i < 3; ++i) {
            vm.prank(others[i]);
            (bool ok, bytes memory answer) = address(registry).call(data);
            assertTrue(!ok, "refused");
            assertEq(answer, abi.encodeWithSelector(IProviderRegistry.NotOperator.selector, others[i], id), "NotOperator");
        }
    }
}
